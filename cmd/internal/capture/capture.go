// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

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
	producer Producer
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
	c.journal, err = userjournal.Create(o.Journal, userjournal.Options{Durability: o.Durability, Key: o.SignKey})
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
		if c.status, err = status.Publish(o.RunDir, c); err != nil {
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
	upkeep, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.keepUp(upkeep)
	}()
	err := c.mirror.Run(ctx)
	stop()
	<-ended
	return err
}

// Producer is what was chosen.
func (c *Capture) Producer() Producer { return c.producer }

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
