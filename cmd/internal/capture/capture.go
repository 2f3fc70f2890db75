// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vexj/bpf"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/status"
	"vexj/mirror"
	"vexj/ring"
	"vexj/userjournal"
)

// Capture is a running one.
type Capture struct {
	o        Options
	started  time.Time
	herald   *herald
	producer *bpf.Producer
	rings    []*ring.Ring
	reader   *ring.Reader
	journal  *userjournal.Writer
	mirror   *mirror.Mirror
	status   *status.Publisher
}

// Start opens the journal and arms the producer: what happens after it returns
// is recorded. Run must follow soon, for until then the rings fill.
func Start(ctx context.Context, o Options) (_ *Capture, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	c := &Capture{o: o, started: time.Now(), herald: newHerald(o.Notice)}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	// The journal first: that another recorder has it is found out without
	// loading anything into the kernel.
	c.journal, err = userjournal.Create(o.Journal, userjournal.Options{Durability: o.Durability})
	if err != nil {
		return nil, journalError(err)
	}
	c.tellRecovery()
	if c.producer, err = load(ctx, &o); err != nil {
		return nil, err
	}
	if err := c.openRings(); err != nil {
		return nil, err
	}
	c.mirror = mirror.New(c.producer, c.reader, c.journal, mirror.Options{
		Journal: o.Journal,
		Notify:  c.herald.notice,
	})
	if o.RunDir != "" {
		// Whoever cannot publish can still record.
		if c.status, err = status.Publish(o.RunDir, c.Snapshot); err != nil {
			o.Notice(fmt.Sprintf("`vexjctl kernel status` will not see this recorder: %v", err))
			c.status = nil
		}
	}
	return c, nil
}

// tellRecovery says what a recorder that was killed left behind.
func (c *Capture) tellRecovery() {
	r := c.journal.Recovery()
	if r.ClockBack > 0 {
		c.o.Notice(fmt.Sprintf("the clock was set back by %v since the journal was last written to: times of day overlap, ordinals do not", r.ClockBack))
	}
	if r.Status == userjournal.RecoveryClean {
		return
	}
	c.o.Notice(fmt.Sprintf("the journal was not closed, %s: %d unfinished bytes cut off, going on at ordinal %d",
		r.Status, r.CutBytes, r.Next))
	for _, d := range r.Damage {
		c.o.Notice(d.Error())
	}
}

func journalError(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return exit.With(exit.Permission, fmt.Errorf("%w; run as root, or choose another --journal", err))
	}
	return err
}

// load tries the program sets in turn and says what it fell back from.
func load(ctx context.Context, o *Options) (*bpf.Producer, error) {
	var failed error
	for _, set := range o.sets() {
		p, err := bpf.Load(ctx, bpf.Options{Set: set, RingBytes: o.RingBytes, Filter: o.Filter})
		if err == nil {
			if failed != nil {
				o.Notice(fmt.Sprintf("%s cannot be had, recording with the %s programs instead: %v", o.Producer, set, failed))
			}
			return p, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("stopped before anything was recorded: %w", ctx.Err())
		}
		failed = errors.Join(failed, err)
	}
	// EPERM for a program set is the kernel's no to it, whoever loads it.
	if errors.Is(failed, unix.EPERM) && !errors.Is(failed, bpf.ErrUnsupported) {
		return nil, exit.With(exit.Permission,
			fmt.Errorf("%w; loading programs into the kernel needs root, or CAP_BPF and CAP_PERFMON", failed))
	}
	if errors.Is(failed, bpf.ErrFilter) || errors.Is(failed, bpf.ErrRingSize) {
		return nil, exit.With(exit.Usage, failed)
	}
	return nil, exit.With(exit.Error, fmt.Errorf("%w; `vexjctl doctor` tells what this machine allows", failed))
}

func (c *Capture) openRings() (err error) {
	for _, fd := range c.producer.Rings() {
		r, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			return err
		}
		c.rings = append(c.rings, r)
	}
	c.reader, err = ring.NewReader(c.rings)
	return err
}

// Run moves records to the journal until ctx ends. Then it stops the producer,
// drains the rings and syncs the journal: nothing that happened before is left
// behind.
func (c *Capture) Run(ctx context.Context) error {
	defer c.herald.flush()
	return c.mirror.Run(ctx)
}

// Producer is what was chosen.
func (c *Capture) Producer() *bpf.Producer { return c.producer }

// Close gives everything back, the last first.
func (c *Capture) Close() error {
	var errs []error
	if c.status != nil {
		errs = append(errs, c.status.Close())
	}
	if c.reader != nil {
		errs = append(errs, c.reader.Close())
	}
	for _, r := range c.rings {
		errs = append(errs, r.Close())
	}
	if c.producer != nil {
		errs = append(errs, c.producer.Close())
	}
	if c.journal != nil {
		errs = append(errs, c.journal.Close())
	}
	return errors.Join(errs...)
}
