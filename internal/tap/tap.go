// SPDX-License-Identifier: Apache-2.0

package tap

import (
	"errors"
	"fmt"
	"slices"

	"vexj/ring"
	"vexj/uapi"
)

// A Producer records what the processes do that it follows, and nothing else.
type Producer interface {
	Follow(tgid uint32) error
	Unfollow(tgid uint32) error
	Rings() []uapi.RingFD
	Counters() uapi.Counters

	// HoleRows names the rows and fields of the table that its holes make
	// differ.
	HoleRows() []string
}

// A contextual producer attributes what a process tree does.
type contextual interface {
	SetContext(uapi.Context) error
	ClearContext(uapi.Context) error
}

// A Tap is a conformance.Capture, and an Attributing one.
type Tap struct {
	// Attribution is set on each row's process, if it is not nil: its PID is the
	// Tap's to fill in. The producer must take contexts.
	Attribution *uapi.Context

	p     Producer
	rings []*ring.Ring
	root  uint32
}

// ErrLost: the records of a row are not all there.
var ErrLost = errors.New("records were lost")

// Open maps the producer's rings. The producer stays the caller's.
func Open(p Producer) (*Tap, error) {
	t := &Tap{p: p}
	for _, fd := range p.Rings() {
		r, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
		t.rings = append(t.rings, r)
	}
	return t, nil
}

// Close unmaps the rings.
func (t *Tap) Close() error {
	var errs []error
	for _, r := range t.rings {
		errs = append(errs, r.Close())
	}
	t.rings = nil
	return errors.Join(errs...)
}

// Start follows a process and its descendants.
func (t *Tap) Start(root uint32, _ string) error {
	t.root = root
	if t.Attribution != nil {
		c := *t.Attribution
		c.PID = root
		if err := t.p.(contextual).SetContext(c); err != nil {
			return err
		}
	}
	return t.p.Follow(root)
}

// Context is what is set on a row's process.
func (t *Tap) Context() *uapi.Context { return t.Attribution }

// Stop ends that and returns what is in the rings.
func (t *Tap) Stop() ([]uapi.Record, error) {
	if err := t.p.Unfollow(t.root); err != nil {
		return nil, err
	}
	if t.Attribution != nil {
		if err := t.p.(contextual).ClearContext(uapi.Context{PID: t.root}); err != nil {
			return nil, err
		}
	}
	return t.Drain()
}

// Holes is what the producer says it does not see.
func (t *Tap) Holes() []string { return t.p.HoleRows() }

// Lost is an error if records were lost since the producer started.
func (t *Tap) Lost() error {
	var errs []error
	for cause, n := range t.p.Counters().Lost {
		if n != 0 {
			errs = append(errs, fmt.Errorf("%w: %d, %v", ErrLost, n, uapi.Cause(cause)))
		}
	}
	return errors.Join(errs...)
}

// Drain returns what is in the rings.
func (t *Tap) Drain() ([]uapi.Record, error) {
	var out []uapi.Record
	for _, r := range t.rings {
		for {
			sample, ok, err := r.Next()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			rec, err := uapi.Check(sample)
			if err != nil {
				return nil, fmt.Errorf("%x: %w", sample, err)
			}
			out = append(out, slices.Clone(rec))
		}
		r.Release()
	}
	return out, nil
}
