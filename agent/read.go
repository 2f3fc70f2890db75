// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"time"

	"vexj/query"
	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
)

// A Found is a record that was asked for. The record is valid during the call that it
// is given to.
type Found struct {
	Record  uapi.Record
	Ordinal uint64
	Time    time.Time
	Cursor  string // to go on behind it with Subscribe
}

// open opens the journal for reading.
func (j *Journal) open() (*userjournal.Set, error) {
	if j.o.Journal == "" {
		return nil, ErrNoJournal
	}
	if err := j.Flush(); err != nil {
		return nil, err
	}
	return userjournal.OpenSet(j.o.Journal)
}

// Query calls fn for each record that the conditions take and the view shows, oldest
// first, until it returns an error; userjournal.ErrStop is none.
func (j *Journal) Query(ctx context.Context, c query.Conditions, fn func(Found) error) (err error) {
	filter, err := c.Compile(j.view)
	if err != nil {
		return err
	}
	set, err := j.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	at := make(userjournal.Position, len(set.Shards()))
	err = filter.Scan(set, userjournal.ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		at.Pass(ordinal)
		return fn(found(set, at, ordinal, rec))
	})
	return errors.Join(err, filter.Err())
}

func found(set *userjournal.Set, at userjournal.Position, ordinal uint64, rec uapi.Record) Found {
	return Found{rec, ordinal, set.WallTime(ordinal, rec.Ktime()), set.Cursor(at, ordinal, rec)}
}

// Subscribe calls fn for each record that the conditions take, behind the one with the
// cursor, or from the first one on without, and then for each new one, until ctx ends,
// which is no error, or fn returns one. Whoever comes back with the last cursor misses
// nothing and sees nothing twice.
func (j *Journal) Subscribe(ctx context.Context, c query.Conditions, cursor string, fn func(Found) error) (err error) {
	filter, err := c.Compile(j.view)
	if err != nil {
		return err
	}
	set, err := j.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	at := make(userjournal.Position, len(set.Shards()))
	if cursor != "" {
		if at, err = seek(set, cursor, j.view); err != nil {
			return err
		}
	}
	matches := filter.Matches(set)
	return set.Follow(ctx, append(userjournal.Position(nil), at...), func(ordinal uint64, rec uapi.Record) error {
		at.Pass(ordinal)
		if !matches(ordinal, rec) {
			return filter.Err()
		}
		return fn(found(set, at, ordinal, rec))
	})
}

// seek is the position behind the record that a cursor names. One that is not in the
// view is not there.
func seek(set *userjournal.Set, cursor string, view query.View) (userjournal.Position, error) {
	before, behind, err := set.Seek(cursor)
	if err == nil {
		err = view.Shows(set, before, behind)
	}
	return behind, err
}

// Replay replays what the view shows of the journal into a target: see package
// replay.
func (j *Journal) Replay(ctx context.Context, p *replay.Player, target replay.Target) (report *replay.Report, err error) {
	if err := p.Within(j.view); err != nil {
		return nil, err
	}
	set, err := j.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	return p.Run(ctx, set, target)
}
