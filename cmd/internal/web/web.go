// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log"
	"mime"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"time"
)

//go:embed assets
var embedded embed.FS

// Options of the page.
type Options struct {
	Token Token
	// Connect returns a connection to the server of agents, as whoever the page is for.
	Connect func() (net.Conn, error)
	// Notice is told what the owner of the machine should know, from any goroutine.
	Notice func(string)
}

// policy lets nothing in from elsewhere, and makes HTML of no string.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Handler serves the page, and what it asks.
func Handler(o Options) (http.Handler, error) {
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		return nil, err
	}
	h := &page{o: o, assets: assets, asked: proxy(&o)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.front)
	mux.HandleFunc("POST /login", h.login)
	mux.HandleFunc("GET /assets/{name}", h.asset)
	mux.HandleFunc("GET /v1/", h.ask)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		// Not none at all: then a form would come from an origin that is nobody's.
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	}), nil
}

type page struct {
	o      Options
	assets fs.FS
	asked  http.Handler
}

// front is the page, or what asks for the token.
func (p *page) front(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("token"); token != "" {
		if p.o.Token.login(w, r, token) != nil {
			p.file(w, "login.html", http.StatusUnauthorized)
		}
		return
	}
	if !p.o.Token.shown(r) {
		p.file(w, "login.html", http.StatusUnauthorized)
		return
	}
	p.file(w, "index.html", http.StatusOK)
}

// Bounds of what may be sent to log in.
const (
	maxForm     = 4 << 10
	formTimeout = 10 * time.Second
)

func (p *page) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	// Who sends it byte by byte shall not keep the connection.
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(formTimeout)); err != nil {
		p.o.Notice(err.Error())
	}
	if err := p.o.Token.login(w, r, r.PostFormValue("token")); err != nil {
		p.file(w, "login.html", http.StatusUnauthorized)
	}
}

// asset is for everybody: there is nothing in it that is not in the sources.
func (p *page) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if path.Ext(name) == ".html" {
		http.NotFound(w, r)
		return
	}
	if _, err := fs.Stat(p.assets, name); err != nil {
		http.NotFound(w, r)
		return
	}
	p.file(w, name, http.StatusOK)
}

func (p *page) file(w http.ResponseWriter, name string, status int) {
	b, err := fs.ReadFile(p.assets, name)
	if err != nil {
		http.Error(w, "not there", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	// Another recorder may have another page.
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // who has gone needs nothing
}

// ask passes a question on to the server of agents.
func (p *page) ask(w http.ResponseWriter, r *http.Request) {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		refuse(w, http.StatusForbidden, "a page of another site asked", "open the recorder's own page")
		return
	}
	if !p.o.Token.shown(r) {
		refuse(w, http.StatusUnauthorized, "the token is missing", "open the page with the address that vexjd printed when it began, or send Authorization: Bearer TOKEN")
		return
	}
	p.asked.ServeHTTP(w, r)
}

func refuse(w http.ResponseWriter, status int, text, do string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "{\"error\":%q,\"do\":%q}\n", text, do)
}

// proxy sends requests to the server of agents, over connections that are the page's.
func proxy(o *Options) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "vexj"})
			r.Out.Host = "vexj"
			for _, name := range []string{"Cookie", "Authorization", "Origin", "Referer"} {
				r.Out.Header.Del(name)
			}
		},
		Transport: &http.Transport{
			DialContext:        func(context.Context, string, string) (net.Conn, error) { return o.Connect() },
			DisableCompression: true,
			MaxIdleConns:       8,
			IdleConnTimeout:    time.Minute,
		},
		FlushInterval: -1, // a stream's lines go out as they come
		ErrorLog:      log.New(notices(o.Notice), "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				o.Notice(fmt.Sprintf("the page asked %s: %v", r.URL.Path, err))
			}
			refuse(w, http.StatusBadGateway, "the recorder does not answer", "look whether it is still running")
		},
	}
}

type notices func(string)

func (n notices) Write(b []byte) (int, error) {
	n(string(b))
	return len(b), nil
}
