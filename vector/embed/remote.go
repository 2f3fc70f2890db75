// SPDX-License-Identifier: Apache-2.0

package embed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// API is how an endpoint is spoken to.
type API int

const (
	OpenAI API = iota // POST URL/embeddings, URL ends in /v1
	Ollama            // POST URL/api/embed
)

// RemoteOptions of an endpoint. URL and Model must be there.
type RemoteOptions struct {
	API   API
	URL   string // of the server, as http://localhost:11434 or https://api.openai.com/v1
	Model string
	Key   string // bearer token; "": none
	// Dims is asked for, of models that can have several; 0: as the model likes.
	Dims int
	// Batch is how many texts are sent at a time; 0: 64.
	Batch int
	// Timeout is for one request; 0: a minute.
	Timeout time.Duration
	// Retries is how often a request is made again that failed for a reason which
	// may pass; 0: 4, negative: never. Pause is before the first, and doubles; 0:
	// half a second.
	Retries int
	Pause   time.Duration
	Client  *http.Client // nil: one of its own
}

// Remote asks a model behind an endpoint.
type Remote struct {
	o    RemoteOptions
	url  string
	dims atomic.Int64
}

var _ Embedder = (*Remote)(nil)

// NewRemote asks nothing yet.
func NewRemote(o RemoteOptions) (*Remote, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%w: %q is no address: give one like http://localhost:11434", ErrOption, o.URL)
	}
	if o.Model == "" {
		return nil, fmt.Errorf("%w: name the model that %s is to use", ErrOption, o.URL)
	}
	path := "/embeddings"
	if o.API == Ollama {
		path = "/api/embed"
	}
	if o.Batch <= 0 {
		o.Batch = 64
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Retries == 0 {
		o.Retries = 4
	}
	if o.Pause <= 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	r := &Remote{o: o, url: u.JoinPath(path).String()}
	r.dims.Store(int64(o.Dims))
	return r, nil
}

// Model names the model, not the endpoint: it may move.
func (r *Remote) Model() string { return r.o.Model }

// Dims is known when a vector came, or one was asked for with so many.
func (r *Remote) Dims() int { return int(r.dims.Load()) }

// Embed sends the texts in batches, one after the other. Documents and queries are
// the same to it.
func (r *Remote) Embed(ctx context.Context, _ Kind, texts []string) ([][]float32, error) {
	all := make([][]float32, 0, len(texts))
	for len(texts) > 0 {
		n := min(len(texts), r.o.Batch)
		vs, err := r.insist(ctx, texts[:n])
		if err != nil {
			return nil, err
		}
		all, texts = append(all, vs...), texts[n:]
	}
	return all, nil
}

// insist asks again when the reason may pass.
func (r *Remote) insist(ctx context.Context, texts []string) ([][]float32, error) {
	pause := r.o.Pause
	for try := 0; ; try++ {
		vs, err := r.ask(ctx, texts)
		var p *passing
		if err == nil || try >= r.o.Retries || !errors.As(err, &p) || ctx.Err() != nil {
			if err != nil && try > 0 {
				err = fmt.Errorf("%w (asked %d times)", err, try+1)
			}
			return vs, err
		}
		// Not all who were refused at the same time come back at the same time.
		wait := max(p.after, pause/2+rand.N(pause/2+1))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// passing is an error that may be none the next time.
type passing struct {
	error
	after time.Duration
}

func (p *passing) Unwrap() error { return p.error }

// maxAnswer bounds what is read of an answer: a batch of the largest vectors, as text.
const maxAnswer = 256 << 20

func (r *Remote) ask(ctx context.Context, texts []string) ([][]float32, error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	body := map[string]any{"model": r.o.Model, "input": texts}
	if r.o.Dims > 0 {
		body["dimensions"] = r.o.Dims
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.o.Key != "" {
		req.Header.Set("Authorization", "Bearer "+r.o.Key)
	}
	resp, err := r.o.Client.Do(req)
	if err != nil {
		return nil, &passing{error: fmt.Errorf("%w: %w; is it running?", ErrEndpoint, err)}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, &passing{error: fmt.Errorf("%w: %s: the answer broke off: %w", ErrEndpoint, r.url, err)}
	}
	if resp.StatusCode != http.StatusOK {
		return nil, r.refusal(resp, answer)
	}
	return r.parse(answer, len(texts))
}

// refusal says why there are no vectors.
func (r *Remote) refusal(resp *http.Response, answer []byte) error {
	var e struct {
		Error json.RawMessage `json:"error"`
	}
	var long struct {
		Message string `json:"message"`
	}
	why := ""
	if json.Unmarshal(answer, &e) == nil && json.Unmarshal(e.Error, &why) != nil && json.Unmarshal(e.Error, &long) == nil {
		why = long.Message
	}
	if why == "" {
		why = strings.TrimSpace(string(answer[:min(len(answer), 200)]))
	}
	err := fmt.Errorf("%w: %s answers %s: %q", ErrEndpoint, r.url, resp.Status, why)
	switch {
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w; give the key that it wants", err)
	case resp.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w; is %q the model's name, and the address that of the server?", err, r.o.Model)
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &passing{err, min(time.Duration(after)*time.Second, time.Minute)}
	}
	return err
}

func (r *Remote) parse(answer []byte, want int) ([][]float32, error) {
	var a struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
		Embeddings [][]float32 `json:"embeddings"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrAnswer, r.url, err)
	}
	vs := a.Embeddings
	if r.o.API == OpenAI {
		vs = make([][]float32, len(a.Data))
		for _, d := range a.Data {
			if d.Index < 0 || d.Index >= len(vs) || vs[d.Index] != nil {
				return nil, fmt.Errorf("%w: %s: vector %d of %d", ErrAnswer, r.url, d.Index, len(vs))
			}
			vs[d.Index] = d.Embedding
		}
	}
	if len(vs) != want {
		return nil, fmt.Errorf("%w: %s: %d vectors for %d texts", ErrAnswer, r.url, len(vs), want)
	}
	for i, v := range vs {
		if len(v) == 0 {
			return nil, fmt.Errorf("%w: %s: vector %d is empty", ErrAnswer, r.url, i)
		}
		r.dims.CompareAndSwap(0, int64(len(v)))
		if n := r.Dims(); len(v) != n {
			return nil, fmt.Errorf("%w: %s: vector %d has %d elements, and not %d: is it another model than before?", ErrAnswer, r.url, i, len(v), n)
		}
	}
	return vs, nil
}
