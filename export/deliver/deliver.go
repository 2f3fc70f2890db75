// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"

	"vexj/internal/quote"
)

// ErrRefused: the endpoint will never take the body, or did not for as long as was
// tried.
var ErrRefused = errors.New("the endpoint does not take it")

// maxAnswer bounds what of an answer is read, in bytes.
const maxAnswer = 1 << 20

// Options of an Endpoint. The zero value has the waits that OTLP suggests.
type Options struct {
	// Headers are sent with each request.
	Headers http.Header
	// Plain leaves bodies as they are; else they are compressed with gzip.
	Plain bool
	// Timeout is for one request; 0: 30 s.
	Timeout time.Duration
	// Patience is for how long one body is tried; 0: 5 min.
	Patience time.Duration
	// FirstWait and MaxWait bound the wait between two tries, which doubles, less
	// up to half of it by chance; 0: 1 s and 30 s. A wait that the endpoint asks
	// for is kept as it is.
	FirstWait, MaxWait time.Duration
	// Client is http.DefaultClient if nil.
	Client *http.Client
}

// An Endpoint takes bodies of one type. It belongs to one goroutine.
type Endpoint struct {
	url, contentType string
	o                Options
	packed           bytes.Buffer
	gzip             *gzip.Writer
}

// New returns the endpoint at a URL.
func New(target, contentType string, o Options) (*Endpoint, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is no URL of an endpoint: write it like http://127.0.0.1:4318/path", target)
	}
	set := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	set(&o.Timeout, 30*time.Second)
	set(&o.Patience, 5*time.Minute)
	set(&o.FirstWait, time.Second)
	set(&o.MaxWait, 30*time.Second)
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	// Of records as JSON its fastest level makes a fifth more bytes than compress/gzip by
	// its usual one, in a third of the time.
	z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	return &Endpoint{url: u.String(), contentType: contentType, o: o, gzip: z}, err
}

// Post returns the body of the answer once the endpoint has taken the body, or
// ErrRefused, or the error of ctx.
func (p *Endpoint) Post(ctx context.Context, body []byte) (answer []byte, err error) {
	if body, err = p.pack(body); err != nil {
		return nil, err
	}
	end := time.Now().Add(p.o.Patience)
	for wait := p.o.FirstWait; ; wait = min(2*wait, p.o.MaxWait) {
		answer, later, err := p.try(ctx, body)
		if err == nil || later == never {
			return answer, err
		}
		if later == unsaid {
			later = wait - rand.N(wait/2+1)
		}
		if time.Now().Add(later).After(end) {
			return nil, fmt.Errorf("%w: tried for %v: %w", ErrRefused, p.o.Patience, err)
		}
		t := time.NewTimer(later)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, errors.Join(ctx.Err(), err)
		case <-t.C:
		}
	}
}

func (p *Endpoint) pack(body []byte) ([]byte, error) {
	if p.o.Plain {
		return body, nil
	}
	p.packed.Reset()
	p.gzip.Reset(&p.packed)
	if _, err := p.gzip.Write(body); err != nil {
		return nil, err
	}
	err := p.gzip.Close()
	return p.packed.Bytes(), err
}

// When to try again.
const (
	never  time.Duration = -1
	unsaid time.Duration = -2
)

// try sends the body once. If that failed, later says when to do it again.
func (p *Endpoint) try(ctx context.Context, body []byte) (answer []byte, later time.Duration, err error) {
	ctx, done := context.WithTimeout(ctx, p.o.Timeout)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, never, err
	}
	for name, values := range p.o.Headers {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", p.contentType)
	if !p.o.Plain {
		req.Header.Set("Content-Encoding", "gzip")
	}
	res, err := p.o.Client.Do(req)
	if err != nil {
		return nil, unsaid, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return nil, retryAfter(res.Header.Get("Retry-After"), time.Now()), errors.New(res.Status)
	}
	if res.StatusCode/100 == 2 {
		// Taken, whatever became of the answer: a part of one must not be understood.
		if err != nil {
			answer = nil
		}
		return answer, 0, nil
	}
	return nil, never, fmt.Errorf("%w: %s: %s", ErrRefused, res.Status, quote.Text(excerpt(answer)))
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(t.Sub(now), 0)
	}
	return unsaid
}

func excerpt(b []byte) string { return string(b[:min(len(b), 200)]) }
