// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vexj/userjournal"
)

// upkeepEvery is how often a recorder looks after its journal.
const upkeepEvery = time.Minute

// Upkeep is what a recorder does to keep its journal small. Its zero value is
// nothing.
type Upkeep struct {
	MaxBytes   int64
	MaxAge     time.Duration
	Archive    string        // folder; "": none
	ArchiveAge time.Duration // 0: all but the newest segment
}

func (u *Upkeep) limits() bool { return u.MaxBytes > 0 || u.MaxAge > 0 }

// keepUp looks after the journal until ctx ends. What goes wrong is told, and
// never ends the recording.
func (c *Capture) keepUp(ctx context.Context) {
	var told string // about what is owed; once
	for {
		c.tellRemoved()
		if c.o.Upkeep.Archive != "" {
			c.archive()
		}
		if c.o.Upkeep.limits() {
			told = c.retain(told)
			c.tellRemoved()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(upkeepEvery):
		}
	}
}

// tellRemoved also tells what other processes have removed.
func (c *Capture) tellRemoved() {
	if err := c.journal.TellRemoved(); err != nil {
		c.o.Notice(fmt.Sprintf("the journal does not say what was removed from it: %v", err))
	}
}

func (c *Capture) archive() {
	u := &c.o.Upkeep
	for i, w := range c.journal.Shards() {
		to := userjournal.ArchiveDir(u.Archive, i, len(c.journal.Shards()))
		report, err := userjournal.Archive(w.Dir(), userjournal.ArchiveOptions{To: to, OlderThan: u.ArchiveAge})
		if err != nil {
			c.o.Notice(err.Error())
		}
		if report.Segments > 0 {
			c.o.Notice(fmt.Sprintf("%d segments moved to %s, %d bytes became %d", report.Segments, to, report.Before, report.After))
		}
	}
}

func (c *Capture) retain(told string) string {
	var names []string
	var kept int64
	shards := c.journal.Shards()
	for _, w := range shards {
		report, err := userjournal.Retain(w.Dir(), c.o.Upkeep.share(len(shards)))
		if err != nil {
			c.o.Notice(err.Error())
			return told
		}
		if report.Segments > 0 {
			c.o.Notice(fmt.Sprintf("%d records removed from %s, ordinals %d to %d, %d bytes", report.Removed.Records,
				w.Dir(), report.Removed.First, report.Removed.Last, report.Removed.Bytes))
		}
		kept += report.Kept
		for _, o := range report.Owed {
			if !slices.Contains(names, o.Name) {
				names = append(names, o.Name)
			}
		}
	}
	owed := strings.Join(names, ", ")
	if owed != "" && owed != told {
		c.o.Notice(fmt.Sprintf("the journal is %d bytes over its limits, kept for who has not acknowledged them: %s; "+
			"`vexjctl journal consumers rm` forgets one", kept, owed))
	}
	return owed
}

// share is what each of so many shards may have.
func (u *Upkeep) share(shards int) userjournal.RetainOptions {
	return userjournal.RetainOptions{MaxBytes: userjournal.Share(u.MaxBytes, shards), MaxAge: u.MaxAge}
}
