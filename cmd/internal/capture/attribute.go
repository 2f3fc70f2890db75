// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"
	"fmt"

	"vexj/agent/intent"
	"vexj/mirror"
	"vexj/uapi"
)

// An attributing producer says in its records for whom a process acts.
type attributing interface {
	SetContext(uapi.Context) error
	ClearContext(uapi.Context) error
	Contexts() ([]uapi.Context, error)
	ContextOf(pid uint32) (uapi.Context, bool, error)
}

var _ intent.Recorder = (*Capture)(nil)

// Intents are those that agents have begun.
func (c *Capture) Intents() *intent.Registry { return c.intents }

// Emit puts a record into the order of those that the producer makes. While another
// filter is being set it waits for the next run.
func (c *Capture) Emit(rec uapi.Record) (uint64, error) {
	for {
		e := c.current()
		id, err := e.mirror.Emit(rec)
		switch {
		case errors.Is(err, mirror.ErrEmitFull):
			return 0, fmt.Errorf("%w: %w", intent.ErrFull, err)
		case !errors.Is(err, mirror.ErrEmitEnded):
			return id, err
		}
		select {
		case <-e.succeeded:
		case <-c.ended:
			return 0, intent.ErrEnded
		}
	}
}

func (c *Capture) attributing() (attributing, error) {
	e := c.current()
	if a, ok := e.producer.(attributing); ok {
		return a, nil
	}
	return nil, fmt.Errorf("%w: the producer %s attributes nothing", uapi.ErrContext, uapi.Producer(e.producer.ID()))
}

// SetContext attributes a process tree or a control group.
func (c *Capture) SetContext(ctx uapi.Context) error {
	a, err := c.attributing()
	if err != nil {
		return err
	}
	return a.SetContext(ctx)
}

// ClearContext ends that.
func (c *Capture) ClearContext(ctx uapi.Context) error {
	a, err := c.attributing()
	if err != nil {
		return err
	}
	return a.ClearContext(ctx)
}

// Contexts are those that are set.
func (c *Capture) Contexts() ([]uapi.Context, error) {
	a, err := c.attributing()
	if err != nil {
		return nil, err
	}
	return a.Contexts()
}

// ContextOf tells for whom a process acts.
func (c *Capture) ContextOf(pid uint32) (uapi.Context, bool, error) {
	a, err := c.attributing()
	if err != nil {
		return uapi.Context{}, false, err
	}
	return a.ContextOf(pid)
}
