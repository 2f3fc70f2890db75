// SPDX-License-Identifier: Apache-2.0

package door

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		address string
		names   []string
		want    error
	}{
		{"127.0.0.1:0", nil, nil},
		{"127.9.0.1:0", nil, nil},
		{"[::ffff:127.0.0.1]:0", nil, nil},
		{"localhost:0", nil, nil},
		{"0.0.0.0:0", nil, ErrRemote},
		{"[::]:0", nil, ErrRemote},
		{"192.0.2.1:0", nil, ErrRemote},
		{"example.com:0", nil, ErrRemote},
		{"0.0.0.0:0", []string{"host.example"}, nil},
		{":0", nil, ErrAddress},
		{"8080", nil, ErrAddress},
		{"127.0.0.1", nil, ErrAddress},
		{"", nil, ErrAddress},
	} {
		d, err := Listen("--web", c.address, c.names)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%q, %v: %v", c.address, c.names, err)
		}
		if err == nil {
			d.Close()
		}
	}
}

func TestGuard(t *testing.T) {
	for _, c := range []struct {
		names        []string
		host, origin string
		status       int
	}{
		{nil, "127.0.0.1:1", "", 200},
		{nil, "localhost:9", "", 200}, // as through a tunnel
		{nil, "LOCALHOST", "", 200},
		{nil, "[::1]:9", "", 200},
		{nil, "evil.example:1", "", http.StatusMisdirectedRequest},
		{nil, "127.0.0.1.evil.example", "", http.StatusMisdirectedRequest},
		{nil, "192.0.2.1", "", http.StatusMisdirectedRequest},
		{nil, "127.0.0.1:1", "http://127.0.0.1:1", 200},
		{nil, "127.0.0.1:1", "http://127.0.0.1:2", http.StatusForbidden},
		{nil, "127.0.0.1:1", "http://evil.example", http.StatusForbidden},
		{nil, "127.0.0.1:1", "null", http.StatusForbidden},
		{[]string{"host.example"}, "Host.example:1", "", 200},
		{[]string{"host.example"}, "192.0.2.1:1", "", 200},
		{[]string{"host.example"}, "evil.example:1", "", http.StatusMisdirectedRequest},
	} {
		d, err := Listen("--web", "127.0.0.1:0", c.names)
		if err != nil {
			t.Fatal(err)
		}
		d.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") }), func(string) {})
		r, err := http.NewRequest(http.MethodGet, "http://"+d.Address(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || (string(b) == "in") != (c.status == 200) {
			t.Errorf("%+v: %d %s", c, resp.StatusCode, b)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestManyConnections: the recorder keeps its descriptors, and serves all in the end.
func TestManyConnections(t *testing.T) {
	d, err := Listen("--web", "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{}, maxConns+8)
	release := make(chan struct{})
	d.Serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		served <- struct{}{}
		<-release
	}), func(string) {})
	var asked sync.WaitGroup
	for range maxConns + 8 {
		asked.Go(func() {
			// Each by a connection of its own.
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			resp, err := client.Get("http://" + d.Address())
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
	}
	for range maxConns {
		<-served
	}
	select {
	case <-served:
		t.Errorf("more than %d are served at once", maxConns)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	asked.Wait()
	if len(served) != 8 {
		t.Errorf("%d of the last 8 were served", len(served))
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
