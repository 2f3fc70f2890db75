// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// script answers with one of its steps after the other, the last again and again.
func script(t *testing.T, steps ...func(w http.ResponseWriter, r *http.Request)) (url string, asked *atomic.Int32) {
	asked = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		steps[min(int(asked.Add(1)), len(steps))-1](w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func status(code int, headers ...string) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "said \x1b[31mwhy")
	}
}

func drop(w http.ResponseWriter, _ *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

// quick is for tests: no wait is long.
var quick = Options{FirstWait: time.Millisecond, MaxWait: 4 * time.Millisecond, Patience: time.Minute}

func post(t *testing.T, ctx context.Context, url string, o Options) (string, error) {
	t.Helper()
	p, err := New(url, "text/plain", o)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.Post(ctx, []byte("body"))
	return string(answer), err
}

func TestTriesAgain(t *testing.T) {
	url, asked := script(t, status(503), status(429), drop, status(502), status(504), status(200))
	if answer, err := post(t, t.Context(), url, quick); err != nil || !strings.HasPrefix(answer, "said") || asked.Load() != 6 {
		t.Errorf("%q %v after %d", answer, err, asked.Load())
	}
}

func TestGivesUpAtOnce(t *testing.T) {
	for _, code := range []int{400, 401, 404, 413, 500} {
		url, asked := script(t, status(code))
		_, err := post(t, t.Context(), url, quick)
		if !errors.Is(err, ErrRefused) || asked.Load() != 1 {
			t.Errorf("%d: %v after %d", code, err, asked.Load())
		}
		if strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), "why") {
			t.Errorf("%q", err)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	url, asked := script(t, status(503))
	o := quick
	o.Patience = 20 * time.Millisecond
	if _, err := post(t, t.Context(), url, o); !errors.Is(err, ErrRefused) || asked.Load() < 2 {
		t.Errorf("%v after %d", err, asked.Load())
	}
	// A wait that is asked for and would be too long is not begun.
	url, asked = script(t, status(429, "Retry-After", "3600"))
	if _, err := post(t, t.Context(), url, quick); !errors.Is(err, ErrRefused) || asked.Load() != 1 {
		t.Errorf("%v after %d", err, asked.Load())
	}
}

// TestRetryAfter: a wait that is asked for is kept, though it is longer than any other.
func TestRetryAfter(t *testing.T) {
	url, asked := script(t, status(429, "Retry-After", "1"), status(200))
	begun := time.Now()
	if _, err := post(t, t.Context(), url, quick); err != nil || asked.Load() != 2 || time.Since(begun) < time.Second {
		t.Errorf("%v after %d, %v", err, asked.Load(), time.Since(begun))
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": unsaid, "soon": unsaid, "-5": unsaid, "0": 0, "7": 7 * time.Second,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestContextEndsTheWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url, _ := script(t, func(w http.ResponseWriter, r *http.Request) {
		status(503, "Retry-After", "50")(w, r)
		cancel()
	})
	if _, err := post(t, ctx, url, quick); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRequest(t *testing.T) {
	var got http.Header
	var body string
	url, _ := script(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Error(err)
		}
		body = string(b)
	})
	o := quick
	o.Headers = http.Header{"Authorization": {"Bearer x"}}
	if _, err := post(t, t.Context(), url, o); err != nil {
		t.Fatal(err)
	}
	if body != "body" || got.Get("Authorization") != "Bearer x" || got.Get("Content-Type") != "text/plain" {
		t.Errorf("%q %v", body, got)
	}
	for _, bad := range []string{"", "ftp://x", "http://", "127.0.0.1:80", "http://x y/"} {
		if _, err := New(bad, "text/plain", Options{}); err == nil {
			t.Errorf("%q is taken for a URL", bad)
		}
	}
}
