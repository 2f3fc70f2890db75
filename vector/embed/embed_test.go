// SPDX-License-Identifier: Apache-2.0

package embed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" -- ", nil},
		{"/srv/reports/Q3_final-v2.txt", []string{"srv", "reports", "q3", "final", "v2", "txt"}},
		{"parseHTTPHeader2Map", []string{"parse", "httpheader2", "map"}},
		{"Café ÜBER\xff\x00naïve", []string{"café", "über", "naïve"}},
		{strings.Repeat("x", 100), []string{strings.Repeat("x", maxWord)}},
	} {
		var got []string
		for w := range words(tc.text) {
			got = append(got, string(w))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%q: got %q, want %q", tc.text, got, tc.want)
		}
	}
}

func embedOne(t *testing.T, e Embedder, kind Kind, text string) []float32 {
	t.Helper()
	vs, err := e.Embed(context.Background(), kind, []string{text})
	if err != nil {
		t.Fatal(err)
	}
	return vs[0]
}

func dot(a, b []float32) (s float64) {
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

var documents = []string{
	"the quarterly report on revenue and costs of the northern region",
	"install a kernel module and load it with insmod as root",
	"a recipe for bread: flour, water, salt and a long fermentation",
	"how the garbage collector of the runtime marks and sweeps memory",
	"minutes of the meeting about hiring two engineers for the storage team",
	"rotate the logs of the web server every night and compress them",
}

func TestLexicalFindsWords(t *testing.T) {
	l := NewLexical(1024)
	for _, d := range documents {
		l.Observe(d)
	}
	for query, want := range map[string]int{
		"revenue report":              0,
		"loading kernel modules":      1,
		"bread recipes":               2,
		"collectors of garbage":       3,
		"meeting minutes on the team": 4,
		"compressed server logs":      5,
	} {
		q := embedOne(t, l, Query, query)
		best, at := math.Inf(-1), -1
		for i, d := range documents {
			if s := dot(q, embedOne(t, l, Document, d)); s > best {
				best, at = s, i
			}
		}
		if at != want {
			t.Errorf("%q finds %q, at %v", query, documents[at], best)
		}
	}
}

func TestLexicalVectors(t *testing.T) {
	l := NewLexical(256)
	v := embedOne(t, l, Document, documents[0])
	if n := dot(v, v); math.Abs(n-1) > 1e-5 {
		t.Errorf("its length is %v", math.Sqrt(n))
	}
	if again := embedOne(t, l, Document, documents[0]); !slices.Equal(v, again) && dot(v, again) < 1-1e-6 {
		t.Error("the same text has another vector")
	}
	if z := embedOne(t, l, Query, "... !"); dot(z, z) != 0 || len(z) != 256 {
		t.Error("a text without words has a direction")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Embed(ctx, Query, []string{"x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLexicalState(t *testing.T) {
	a, b := NewLexical(64), NewLexical(64)
	for _, d := range documents {
		a.Observe(d)
	}
	state, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	q := "kernel bread"
	if dot(embedOne(t, a, Query, q), embedOne(t, b, Query, q)) < 1-1e-6 || b.Documents() != 6 {
		t.Error("the state is not the same")
	}
	for i := range state {
		if i > 40 && i < len(state)-8 && i%1009 != 0 {
			continue
		}
		bad := slices.Clone(state)
		bad[i] ^= 4
		if err := NewLexical(64).UnmarshalBinary(bad); !errors.Is(err, ErrState) {
			t.Fatalf("byte %d: got %v", i, err)
		}
	}
	if err := NewLexical(65).UnmarshalBinary(state); !errors.Is(err, ErrState) {
		t.Errorf("got %v", err)
	}
	if err := b.UnmarshalBinary(nil); !errors.Is(err, ErrState) {
		t.Errorf("got %v", err)
	}
}

// A standIn answers as an endpoint does: a vector has the length of its text first.
type standIn struct {
	api   API
	asked atomic.Int64
	fail  func(n int64, w http.ResponseWriter) bool
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.asked.Add(1)
	if s.fail != nil && s.fail(n, w) {
		return
	}
	want := "/v1/embeddings"
	if s.api == Ollama {
		want = "/api/embed"
	}
	var q struct {
		Model string
		Input []string
	}
	if r.URL.Path != want || r.Method != "POST" || json.NewDecoder(r.Body).Decode(&q) != nil || q.Model != "m" {
		http.Error(w, `{"error":{"message":"what is that?"}}`, http.StatusBadRequest)
		return
	}
	var vs [][]float32
	for _, text := range q.Input {
		vs = append(vs, []float32{float32(len(text)), 1, 0.5})
	}
	if s.api == Ollama {
		_ = json.NewEncoder(w).Encode(map[string]any{"embeddings": vs})
		return
	}
	var data []map[string]any
	for i := range vs {
		i = len(vs) - 1 - i // in any order
		data = append(data, map[string]any{"index": i, "embedding": vs[i]})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func remote(t *testing.T, s *standIn, o RemoteOptions) *Remote {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	o.API, o.URL, o.Model, o.Pause = s.api, server.URL, "m", time.Millisecond
	if s.api == OpenAI {
		o.URL += "/v1"
	}
	r, err := NewRemote(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRemote(t *testing.T) {
	for _, api := range []API{OpenAI, Ollama} {
		s := &standIn{api: api}
		r := remote(t, s, RemoteOptions{Batch: 4, Key: "k"})
		var texts []string
		for i := range 10 {
			texts = append(texts, strings.Repeat("x", i))
		}
		vs, err := r.Embed(context.Background(), Document, texts)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range vs {
			if v[0] != float32(i) || len(v) != 3 {
				t.Errorf("text %d has the vector %v", i, v)
			}
		}
		if len(vs) != 10 || s.asked.Load() != 3 || r.Dims() != 3 || r.Model() != "m" {
			t.Errorf("%d vectors of %d elements in %d requests", len(vs), r.Dims(), s.asked.Load())
		}
	}
}

func TestRemoteInsists(t *testing.T) {
	s := &standIn{fail: func(n int64, w http.ResponseWriter) bool {
		switch n {
		case 1:
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Retry-After", "0")
			http.Error(w, `{"error":"slow down"}`, http.StatusTooManyRequests)
		case 3:
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{") // and breaks off
		default:
			return false
		}
		return true
	}}
	r := remote(t, s, RemoteOptions{})
	vs, err := r.Embed(context.Background(), Query, []string{"abc"})
	if err != nil || vs[0][0] != 3 || s.asked.Load() != 4 {
		t.Errorf("got %v, %v after %d requests", vs, err, s.asked.Load())
	}
}

func TestRemoteRefused(t *testing.T) {
	answer := func(status int, body string) func(int64, http.ResponseWriter) bool {
		return func(_ int64, w http.ResponseWriter) bool {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, tc := range map[string]struct {
		fail  func(int64, http.ResponseWriter) bool
		want  error
		says  string
		asked int64
	}{
		"key":      {answer(401, `{"error":{"message":"no key"}}`), ErrEndpoint, "no key", 1},
		"model":    {answer(404, `{"error":"model not found"}`), ErrEndpoint, "model not found", 1},
		"request":  {answer(400, `too long`), ErrEndpoint, "too long", 1},
		"down":     {answer(500, ``), ErrEndpoint, "asked 3 times", 3},
		"no json":  {answer(200, `<html>`), ErrAnswer, "invalid", 1},
		"none":     {answer(200, `{"data":[]}`), ErrAnswer, "0 vectors for 1", 1},
		"empty":    {answer(200, `{"data":[{"index":0,"embedding":[]}]}`), ErrAnswer, "empty", 1},
		"index":    {answer(200, `{"data":[{"index":7,"embedding":[1]}]}`), ErrAnswer, "vector 7", 1},
		"too wide": {answer(200, `{"data":[{"index":0,"embedding":[1,2]}]}`), ErrAnswer, "not 3", 1},
		"overflow": {answer(200, `{"data":[{"index":0,"embedding":[1e99,2,3]}]}`), ErrAnswer, "1e99", 1},
	} {
		s := &standIn{fail: tc.fail}
		r := remote(t, s, RemoteOptions{Retries: 2, Dims: 3})
		_, err := r.Embed(context.Background(), Query, []string{"abc"})
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) || s.asked.Load() != tc.asked {
			t.Errorf("%s: got %v after %d requests", name, err, s.asked.Load())
		}
	}
	for _, o := range []RemoteOptions{{URL: "localhost", Model: "m"}, {URL: "ftp://x", Model: "m"}, {URL: "http://x"}} {
		if _, err := NewRemote(o); !errors.Is(err, ErrOption) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

func TestRemoteTimeout(t *testing.T) {
	free := make(chan struct{})
	s := &standIn{fail: func(int64, http.ResponseWriter) bool { <-free; return true }}
	r := remote(t, s, RemoteOptions{Timeout: 20 * time.Millisecond, Retries: -1})
	_, err := r.Embed(context.Background(), Query, []string{"abc"})
	close(free)
	if !errors.Is(err, ErrEndpoint) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
