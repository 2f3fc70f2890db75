// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"vexj/cmd/internal/exit"
)

var (
	// ErrAddress: it is none to listen on.
	ErrAddress = errors.New("give an address as 127.0.0.1:8080, or port 0 for any that is free")
	// ErrRemote: others could connect.
	ErrRemote = errors.New("others than this machine could connect; give 127.0.0.1, or say with --remote NAME under which name they will")
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// A Door listens. Serve it, and close it.
type Door struct {
	l     net.Listener
	names []string
	http  *http.Server
	ended chan error
}

// Listen opens one at the address of the flag. names are the host names, besides those of
// the loopback, by which it may be asked; with none it is for loopback addresses alone.
func Listen(flag, address string, names []string) (*Door, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return nil, exit.With(exit.Usage, fmt.Errorf("%s %q: %w", flag, address, ErrAddress))
	}
	if len(names) == 0 && !loopback(host) {
		return nil, exit.With(exit.Usage, fmt.Errorf("%s %s: %w", flag, address, ErrRemote))
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; is another one at work, or the port taken?", flag, err)
	}
	return &Door{l: newLimited(l, maxConns), names: names}, nil
}

func loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// Address is where it listens, as host:port.
func (d *Door) Address() string { return d.l.Addr().String() }

// Serve answers with h until Close. Notice is told what the owner of the machine should
// know, from any goroutine.
func (d *Door) Serve(h http.Handler, notice func(string)) {
	d.http = &http.Server{
		Handler:           d.guard(h),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(notices(notice), "", 0),
	}
	d.ended = make(chan error, 1)
	go func() { d.ended <- d.http.Serve(d.l) }()
}

type notices func(string)

func (n notices) Write(b []byte) (int, error) {
	n(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// guard turns away what does not name this machine, and what another site's page asks.
func (d *Door) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.knows(r.Host) {
			http.Error(w, "this is not "+printable(r.Host)+"; ask by an address, or by a name of --remote", http.StatusMisdirectedRequest)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !sameHost(origin, r.Host) {
			http.Error(w, "asked for by a page of another site", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// knows: an address is no name that somebody else could have made mean this machine.
func (d *Door) knows(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if loopback(host) {
		return true
	}
	if len(d.names) == 0 {
		return false
	}
	_, err = netip.ParseAddr(host)
	return err == nil || slices.ContainsFunc(d.names, func(name string) bool { return strings.EqualFold(name, host) })
}

func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

func printable(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return fmt.Sprintf("%q", s)
}

// partingTime is how long requests under way may hold up the end.
const partingTime = time.Second

// Close ends it once it is served, or before. It waits a moment for requests under
// way.
func (d *Door) Close() error {
	if d.http == nil {
		return d.l.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), partingTime)
	defer cancel()
	var errs []error
	if d.http.Shutdown(ctx) != nil {
		errs = append(errs, d.http.Close())
	}
	if err := <-d.ended; !errors.Is(err, http.ErrServerClosed) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
