// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"vexj/bpf"
	"vexj/cmd/internal/exit"
	"vexj/mirror"
	"vexj/ring"
	"vexj/uapi"
)

// An epoch is one run of a producer, from PRODUCER_START to PRODUCER_STOP. The
// capture has one after the other.
type epoch struct {
	producer Producer
	rings    []*ring.Ring
	reader   *ring.Reader
	mirror   *mirror.Mirror

	begun     chan struct{} // closed when it is the capture's present one
	succeeded chan struct{} // closed when another is

	mu    sync.Mutex
	end   context.CancelFunc // once it runs
	ended bool               // before it ran
}

// newEpoch takes over the producer.
func (c *Capture) newEpoch(p Producer) (_ *epoch, err error) {
	e := &epoch{producer: p, begun: make(chan struct{}), succeeded: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	for _, fd := range p.Rings() {
		r, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			return nil, err
		}
		e.rings = append(e.rings, r)
	}
	if e.reader, err = ring.NewReader(e.rings); err != nil {
		return nil, err
	}
	if w, ok := p.(waker); ok {
		w.WakeBy(e.reader.Wake)
	}
	e.mirror = mirror.New(p, e.reader, c.journal, mirror.Options{
		Journal: c.o.Journal,
		Notify:  c.herald.notice,
	})
	return e, nil
}

// run mirrors until ctx or stop ends it.
func (e *epoch) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.mu.Lock()
	e.end = cancel
	if e.ended {
		cancel()
	}
	e.mu.Unlock()
	return e.mirror.Run(ctx)
}

func (e *epoch) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	if e.end != nil {
		e.end()
	}
}

// close gives everything back, the last first.
func (e *epoch) close() error {
	var errs []error
	if e.reader != nil {
		errs = append(errs, e.reader.Close())
	}
	for _, r := range e.rings {
		errs = append(errs, r.Close())
	}
	return errors.Join(append(errs, e.producer.Close())...)
}

// errEnded: there is nothing more to steer.
var errEnded = errors.New("the recorder is about to end")

// SetFilter replaces what is recorded from now on. The module takes it at once.
// To the eBPF programs it is a constant: others are loaded, and when they are at
// work the present run ends and theirs begins. What happens in between is
// recorded by both rather than by neither.
func (c *Capture) SetFilter(f uapi.Filter) error {
	err := c.setFilter(f)
	if wrong(err) || forbidden(err) {
		err = exit.With(exit.Usage, err)
	}
	return err
}

func (c *Capture) setFilter(f uapi.Filter) error {
	now := c.current()
	programs, ok := now.producer.(*bpf.Producer)
	if !ok {
		return now.producer.(steerable).SetFilter(&f)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	o := c.o
	o.Filter, o.before = f, programs
	p, err := setRung(programs.Set()).load(ctx, &o)
	if err != nil {
		return fmt.Errorf("loading programs with that filter: %w", err)
	}
	next, err := c.newEpoch(p)
	if err != nil {
		return err
	}
	select {
	case <-c.ended:
		return errors.Join(errEnded, next.close())
	case c.change <- next:
	}
	now.stop()
	select {
	case <-next.begun:
		return nil
	case <-c.ended:
		// Close finds it, if Run has not.
		return errEnded
	}
}
