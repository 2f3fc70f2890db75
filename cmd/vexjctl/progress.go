// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/terminal"
	"vexj/internal/quote"
)

const progressEvery = 500 * time.Millisecond

// progress keeps one line of a terminal up to date, and puts notices above it.
// Where nobody looks there are only the notices.
type progress struct {
	mu    sync.Mutex
	out   *os.File
	line  bool
	drawn bool
	stop  chan struct{}
	done  sync.WaitGroup
}

func newProgress(out *os.File) *progress {
	return &progress{out: out, line: terminal.Is(out), stop: make(chan struct{})}
}

func (p *progress) notice(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprintf(p.out, "vexjctl: %s\n", quote.Text(text))
}

func (p *progress) follow(c *capture.Capture) {
	if !p.line {
		return
	}
	p.done.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		last, at := c.Tally(), time.Now()
		for {
			select {
			case <-p.stop:
				return
			case now := <-tick.C:
				t := c.Tally()
				p.draw(t, float64(t.Records-last.Records)/now.Sub(at).Seconds())
				last, at = t, now
			}
		}
	})
}

func (p *progress) draw(t capture.Tally, rate float64) {
	text := fmt.Sprintf("%.0f records/s  %s", rate, t)
	if w := terminal.Width(p.out) - 1; len(text) > w {
		text = text[:w]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "\r%s\x1b[K", text)
	p.drawn = true
}

// erase must be called with mu held.
func (p *progress) erase() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

func (p *progress) end() {
	close(p.stop)
	p.done.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}
