// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"vexj/agent/intent"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/status"
	"vexj/fuse"
	"vexj/mirror"
	"vexj/uapi"
	"vexj/userjournal"
)

// Capture is a running one.
type Capture struct {
	o       Options
	started time.Time
	herald  *herald
	journal *userjournal.SetWriter
	status  *status.Publisher
	agents  *agents // nil: none are served
	intents *intent.Registry

	change chan *epoch   // the one that is to follow, at most one
	ended  chan struct{} // closed when no epoch will follow
	end    sync.Once

	searching sync.Mutex // who has the index

	mu   sync.Mutex
	now  *epoch
	past map[uapi.Producer]mirror.Stats // of the epochs before
}

// Start opens the journal and arms the producer: what happens after it returns
// is recorded. Run must follow soon, for until then the rings fill.
func Start(ctx context.Context, o Options) (_ *Capture, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Producer == "fuse" {
		if _, err := o.folders(); err != nil {
			return nil, exit.With(exit.Usage, err)
		}
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	c := &Capture{o: o, started: time.Now(), herald: newHerald(o.Notice), change: make(chan *epoch, 1), ended: make(chan struct{})}
	c.intents = intent.NewRegistry(c)
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	// The journal first: that another recorder has it is found out without
	// loading anything into the kernel.
	c.journal, err = userjournal.CreateSet(o.Journal, o.Shards, userjournal.Options{Durability: o.Durability, Key: o.SignKey})
	if err != nil {
		return nil, journalError(err)
	}
	for _, w := range c.journal.Shards() {
		c.tellRecovery(w.Dir(), w.Recovery())
	}
	p, err := load(ctx, &c.o)
	if err != nil {
		return nil, err
	}
	if c.now, err = c.newEpoch(p); err != nil {
		return nil, err
	}
	if o.RunDir != "" {
		// Whoever cannot publish can still record.
		if c.status, err = status.Publish(o.RunDir, c); err != nil {
			o.Notice(fmt.Sprintf("`vexjctl kernel status` will not see this recorder: %v", err))
			c.status = nil
		}
	}
	if err := c.serveAgents(); err != nil {
		return nil, err
	}
	return c, nil
}

// tellRecovery says what a recorder that was killed left behind.
func (c *Capture) tellRecovery(dir string, r userjournal.RecoveryReport) {
	if r.ClockBack > 0 {
		c.o.Notice(fmt.Sprintf("the clock was set back by %v since %s was last written to: times of day overlap, ordinals do not", r.ClockBack, dir))
	}
	if r.Status == userjournal.RecoveryClean {
		return
	}
	c.o.Notice(fmt.Sprintf("the journal %s was not closed, %s: %d unfinished bytes cut off, going on at ordinal %d",
		dir, r.Status, r.CutBytes, r.Next))
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

// Run moves records to the journal until ctx ends. Then it stops the producer,
// drains the rings and syncs the journal: nothing that happened before is left
// behind. Folders are unmounted first; if they are, by whomever, it ends too. It is
// called once.
func (c *Capture) Run(ctx context.Context) error {
	if p, ok := c.current().producer.(*fuse.Producer); ok {
		return c.runMounted(ctx, p)
	}
	return c.run(ctx)
}

func (c *Capture) run(ctx context.Context) error {
	defer c.finish()
	defer c.herald.flush()
	upkeep, stop := context.WithCancel(ctx)
	var kept sync.WaitGroup
	kept.Go(func() { c.keepUp(upkeep) })
	kept.Go(func() { c.intents.Run(upkeep) })
	err := c.epochs(c.withIntents(ctx))
	stop()
	kept.Wait()
	return err
}

// withIntents ends after ctx: intents that have not ended do so first, in the journal.
func (c *Capture) withIntents(ctx context.Context) context.Context {
	after, end := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		defer end()
		if err := c.intents.Close(); err != nil {
			c.o.Notice(fmt.Sprintf("intents that were under way: %v", err))
		}
	})
	return after
}

// epochs runs one after the other.
func (c *Capture) epochs(ctx context.Context) error {
	for {
		if err := c.current().run(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		select {
		case next := <-c.change:
			if err := c.follow(next); err != nil {
				return err
			}
		default:
			return nil // the reader was closed
		}
	}
}

// finish says that no epoch will follow.
func (c *Capture) finish() { c.end.Do(func() { close(c.ended) }) }

// current is the epoch that is recorded.
func (c *Capture) current() *epoch {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// follow gives back the epoch that has ended and goes on with the next.
func (c *Capture) follow(next *epoch) error {
	c.mu.Lock()
	old := c.now
	c.past = c.counted()
	c.now = next
	c.mu.Unlock()
	close(old.succeeded)
	close(next.begun)
	return old.close()
}

// Close gives everything back, the last first.
func (c *Capture) Close() error {
	c.finish()
	var errs []error
	if c.agents != nil {
		errs = append(errs, c.agents.close())
	}
	if c.now != nil {
		// What the module was told outlives its consumer. Of intents that were not
		// ended by Run no record can be made any more.
		_ = c.intents.Close()
	}
	if c.status != nil {
		errs = append(errs, c.status.Close())
	}
	select {
	case next := <-c.change:
		errs = append(errs, next.close())
	default:
	}
	if e := c.current(); e != nil {
		errs = append(errs, e.close())
	}
	if c.o.vectors != nil {
		errs = append(errs, c.o.vectors.close())
	}
	if c.journal != nil {
		errs = append(errs, c.journal.Close())
	}
	return errors.Join(errs...)
}
