// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sync"
	"time"

	"vexj/uapi"
)

// liveDelay is how long a record may wait for others to be written with it.
const liveDelay = 20 * time.Millisecond

// live prints records that arrive now and then: soon, but a burst of them not
// one by one.
type live struct {
	mu    sync.Mutex
	p     *printer
	timer *time.Timer
	set   bool
	ended bool
	err   error
}

func newLive(p *printer) *live {
	l := &live{p: p}
	l.timer = time.AfterFunc(0, l.flush) // what was printed before
	return l
}

func (l *live) record(ordinal uint64, rec uapi.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if !l.set {
		l.set = true
		l.timer.Reset(liveDelay)
	}
	return l.p.record(ordinal, rec)
}

func (l *live) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.set = false
	if err := l.p.w.Flush(); l.err == nil {
		l.err = err
	}
}

// flushed is flush, and says whether all was written.
func (l *live) flushed() error {
	l.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *live) close() error {
	l.flush()
	l.timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	return l.err
}
