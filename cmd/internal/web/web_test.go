// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vexj/agent/read"
	"vexj/agent/server"
	"vexj/internal/tale"
	"vexj/userjournal"
)

// site is the page of a journal, whose policy gives the recorder's user a mask.
func site(t *testing.T, policy string) (*httptest.Server, Token) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "j")
	if err := tale.Write(dir, ^uint64(0)); err != nil {
		t.Fatal(err)
	}
	p, err := server.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(server.Options{Policy: p, Notice: func(text string) { t.Log(text) }})
	s.Handle("POST /v1/emit", server.ScopeEmit, func(http.ResponseWriter, *http.Request, *server.Peer) error {
		t.Error("the page has changed something")
		return nil
	})
	read.Register(s, func() (*userjournal.Set, error) { return userjournal.OpenSet(dir) })
	token := NewToken()
	h, err := Handler(Options{Token: token, Notice: func(text string) { t.Log(text) }, Connect: func() (net.Conn, error) {
		return s.Connect(server.Caller{PID: os.Getpid(), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())})
	}})
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewServer(h)
	t.Cleanup(func() {
		page.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return page, token
}

func fetch(t *testing.T, method, at string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestTokenOpensThePage(t *testing.T) {
	page, token := site(t, "user root scopes=all mask=all")
	for _, c := range []struct {
		method, path string
		header       []string
		status       int
		says         string
	}{
		{"GET", "/", nil, 401, `name="token"`},
		{"GET", "/?token=wrong", nil, 401, `name="token"`},
		{"GET", "/?token=" + token.String(), nil, 303, ""},
		{"GET", "/v1/log", nil, 401, "the token is missing"},
		{"GET", "/v1/log", []string{"Authorization", "Bearer wrong"}, 401, "the token is missing"},
		{"GET", "/v1/log", []string{"Authorization", "Bearer " + token.String()}, 200, `"records":[`},
		{"GET", "/v1/log", []string{"Authorization", "Bearer " + token.String(), "Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"GET", "/v1/log", []string{"Authorization", "Bearer " + token.String(), "Sec-Fetch-Site", "same-origin"}, 200, ""},
		{"GET", "/v1/sessions/" + "nobody", []string{"Authorization", "Bearer " + token.String()}, 404, `"do"`},
		{"POST", "/v1/emit", []string{"Authorization", "Bearer " + token.String()}, 405, ""},
		{"GET", "/assets/app.js", nil, 200, "SPDX"},
		{"GET", "/assets/index.html", nil, 404, ""},
		{"GET", "/assets/..%2fweb.go", nil, 404, ""},
		{"GET", "/other", nil, 404, ""},
	} {
		resp, body := fetch(t, c.method, page.URL+c.path, c.header...)
		if resp.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s %v: %d %.200s", c.method, c.path, c.header, resp.StatusCode, body)
		}
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", c.path, policy)
		}
	}
}

func TestCookie(t *testing.T) {
	page, token := site(t, "user root scopes=all mask=all")
	resp, _ := fetch(t, "GET", page.URL+"/?token="+token.String())
	cookies := resp.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || strings.Contains(cookies[0].Value, token.String()) ||
		resp.Header.Get("Location") != "/" {
		t.Fatalf("%+v, to %q", cookies, resp.Header.Get("Location"))
	}
	given := cookies[0].Name + "=" + cookies[0].Value
	for _, c := range []struct {
		cookie string
		status int
	}{{given, 200}, {given + "x", 401}, {cookies[0].Name + "=" + token.String(), 401}, {"vexj=" + cookies[0].Value, 401}} {
		for _, path := range []string{"/", "/v1/log"} {
			if resp, _ := fetch(t, "GET", page.URL+path, "Cookie", c.cookie); resp.StatusCode != c.status {
				t.Errorf("%s with the cookie %s: %d", path, c.cookie, resp.StatusCode)
			}
		}
	}
	other, _ := site(t, "user root scopes=all mask=all")
	if resp, _ := fetch(t, "GET", other.URL+"/v1/log", "Cookie", given); resp.StatusCode != 401 {
		t.Error("another recorder takes the cookie")
	}
}

// TestPolicyHolds: the page shows what the recorder's user may see, and no more.
func TestPolicyHolds(t *testing.T) {
	page, token := site(t, "user root scopes=read mask=0x1")
	bearer := []string{"Authorization", "Bearer " + token.String()}
	if _, body := fetch(t, "GET", page.URL+"/v1/report?by=agent", bearer...); !strings.Contains(body, `"records":10,`) || strings.Contains(body, "bob") {
		t.Errorf("got %s", body)
	}
	page, token = site(t, "user root scopes=none mask=none")
	if resp, body := fetch(t, "GET", page.URL+"/v1/log", "Authorization", "Bearer "+token.String()); resp.StatusCode != 403 || !strings.Contains(body, "policy") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}

func TestTokenFiles(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		text string
		mode os.FileMode
		ok   bool
	}{{"0123456789abcdef\n", 0o600, true}, {"0123456789abcdef", 0o440, true}, {"short\n", 0o600, false}, {"", 0o600, false},
		{"0123456789abcdef\n0123456789abcdef\n", 0o600, false}, {"0123456789abcdef\n", 0o644, false}} {
		name := filepath.Join(dir, "token")
		_ = os.Remove(name)
		if err := os.WriteFile(name, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		token, err := ReadToken(name)
		if (err == nil) != c.ok || !c.ok && !errors.Is(err, ErrToken) || c.ok && token.String() != "0123456789abcdef" {
			t.Errorf("%q, %v: %q, %v", c.text, c.mode, token, err)
		}
	}
	if _, err := ReadToken(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// elsewhere is what would be fetched from somewhere, and asHTML what would make HTML of text.
var (
	elsewhere = regexp.MustCompile(`(?i)(src|href|url\(|import|fetch\()[^\n]{0,20}(https?:)?//[a-z]`)
	asHTML    = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|eval\(|new Function|\son\w+="`)
)

// TestAssetsStandAlone: nothing comes from elsewhere, and nothing makes HTML of a string.
func TestAssetsStandAlone(t *testing.T) {
	seen := 0
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		b, err := fs.ReadFile(embedded, name)
		if err != nil {
			return err
		}
		for _, bad := range []*regexp.Regexp{elsewhere, asHTML} {
			if found := bad.Find(b); found != nil {
				t.Errorf("%s has %q", name, found)
			}
		}
		if !strings.Contains(string(b[:min(len(b), 300)]), "SPDX-License-Identifier: Apache-2.0") && filepath.Ext(name) != ".svg" {
			t.Errorf("%s names no licence", name)
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files: %v", seen, err)
	}
}
