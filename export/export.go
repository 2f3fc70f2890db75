// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"vexj/internal/render"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// An Export is what is to be exported, and where to.
type Export struct {
	Set    *userjournal.Set
	Filter *query.Filter
	Sink   Sink
	// After is where to begin; nil: with the oldest record.
	After userjournal.Position
	// Committed, if set, is told how far the target has everything.
	Committed func(upto userjournal.Position) error
	// Shown, if set, says what of a record may be shown.
	Shown func(uapi.Record) (uapi.Record, error)
	// Damage, if set, is told what cannot be read.
	Damage func(*userjournal.DamageError)
	// Follow goes on with what is recorded from now on, until the context ends,
	// and commits after each Every what there is.
	Follow bool
	Every  time.Duration
}

// A Report says what was exported.
type Report struct {
	Sent   uint64 // records that were committed, gaps included
	Losses uint64 // records of losses
	Gaps   uint64 // of these, what could not be read
	Upto   userjournal.Position
}

// ErrStopped: the context ended before all was exported. What was committed stays.
var ErrStopped = errors.New("stopped before the end")

// Run exports until the end of the journal as it is now, or, following, until ctx ends.
func (x *Export) Run(ctx context.Context) (Report, error) {
	r := &run{Export: x, builder: uapi.NewBuilder(nil)}
	err := r.all(ctx)
	if x.Follow && errors.Is(err, ErrStopped) {
		err = nil
	}
	r.report.Upto = r.committed
	return r.report, err
}

// run is one Run.
type run struct {
	*Export
	builder *uapi.Builder
	report  Report

	mu        sync.Mutex           // Add and Commit: the timer of Follow commits too
	seen      userjournal.Position // all up to here was looked at, and added if wanted
	first     userjournal.Position // before the first record of the part; nil: it has none
	committed userjournal.Position
	pending   uint64               // records of the part
	durable   userjournal.Position // up to here records are on the disk
	ktime     uint64               // of the last record
	wall      int64
}

func (r *run) all(ctx context.Context) error {
	r.seen = make(userjournal.Position, len(r.Set.Shards()))
	if r.After != nil {
		r.seen.Join(r.After)
	}
	r.committed = slices.Clone(r.seen)
	after := r.After
	for {
		if err := r.existing(ctx, after); err != nil || !r.Follow {
			return err
		}
		err := r.follow(ctx)
		// What cannot be read is passed by a scan.
		if !errors.Is(err, userjournal.ErrDamaged) && !errors.Is(err, userjournal.ErrRemoved) {
			return err
		}
		after = slices.Clone(r.seen)
	}
}

// existing exports what is there now.
func (r *run) existing(ctx context.Context, after userjournal.Position) error {
	end, err := r.Set.End()
	if err != nil {
		return err
	}
	o := userjournal.ScanOptions{OnDamage: r.damage}
	err = r.Filter.Scan(r.Set.Between(after, end), o, r.taker(ctx))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Join(end)
	return r.commit(ctx)
}

// follow exports what comes, until the context ends. Then there is a last commit, for
// which the target has a moment.
func (r *run) follow(outer context.Context) error {
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	go r.everyNow(ctx, cancel)
	matches, take := r.Filter.Matches(r.Set), r.taker(ctx)
	err := r.Set.Follow(ctx, r.seen, func(ordinal uint64, rec uapi.Record) error {
		if matches(ordinal, rec) {
			return take(ordinal, rec)
		}
		r.mu.Lock()
		r.seen.Pass(ordinal)
		r.mu.Unlock()
		return r.Filter.Err()
	})
	if cause := context.Cause(ctx); err == nil && outer.Err() == nil {
		err = cause
	}
	cancel(nil)
	if err != nil && outer.Err() == nil {
		return err
	}
	last, done := context.WithTimeout(context.WithoutCancel(outer), lastWait)
	defer done()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.commit(last)
}

// lastWait is how long a target may take when the export is told to end.
const lastWait = 10 * time.Second

// everyNow commits now and then, until the context ends or that fails.
func (r *run) everyNow(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(r.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		err := r.commit(ctx)
		r.mu.Unlock()
		if err != nil {
			cancel(err)
			return
		}
	}
}

// taker returns what takes each record that is wanted.
func (r *run) taker(ctx context.Context) func(ordinal uint64, rec uapi.Record) error {
	return func(ordinal uint64, rec uapi.Record) (err error) {
		if ctx.Err() != nil {
			return ErrStopped
		}
		if r.Shown != nil {
			if rec, err = r.Shown(rec); err != nil {
				return err
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ktime, r.wall = rec.Ktime(), r.Set.WallTime(ordinal, rec.Ktime()).UnixNano()
		shard, own := userjournal.ParseShardOrdinal(len(r.seen), ordinal)
		if err := r.add(shard, own, render.Entry{Ordinal: ordinal, Wall: r.wall, Rec: rec}); err != nil {
			return err
		}
		r.seen.Pass(ordinal)
		if r.Sink.Full() {
			return r.commit(ctx)
		}
		return nil
	}
}

// add adds what has this ordinal in its shard.
func (r *run) add(shard int, own uint64, e render.Entry) error {
	if r.first == nil {
		r.first = slices.Clone(r.seen)
		r.first[shard] = max(r.first[shard], own-1)
	}
	r.pending++
	if e.Rec.Type() == uapi.SysLost {
		r.report.Losses++
	}
	return r.Sink.Add(e)
}

// damage exports what cannot be read as the loss that it is.
func (r *run) damage(d *userjournal.DamageError) error {
	if r.Damage != nil {
		r.Damage(d)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := Gap(r.builder, d, r.ktime, r.wall)
	if err != nil {
		return err
	}
	r.report.Gaps++
	// Of several shards it is not known which one it is in: a position behind it
	// comes with the next record.
	alone := len(r.seen) == 1 && d.Last >= d.First
	own := uint64(1)
	if alone {
		own = d.First
	}
	if err := r.add(0, own, e); err != nil {
		return err
	}
	if alone {
		r.seen.Pass(d.Last)
	}
	return nil
}

// commit brings all that was added to safety. The caller holds the lock.
func (r *run) commit(ctx context.Context) error {
	if slices.Equal(r.committed, r.seen) && r.first == nil {
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	if err := r.Sink.Commit(ctx, r.first, slices.Clone(r.seen)); err != nil {
		return err
	}
	r.first, r.committed = nil, slices.Clone(r.seen)
	r.report.Sent, r.pending = r.report.Sent+r.pending, 0
	if r.Committed != nil {
		return r.Committed(r.committed)
	}
	return nil
}

// settle makes the records that were looked at durable.
func (r *run) settle() error {
	if r.durable != nil && slices.Equal(beyond(r.durable, r.seen), r.durable) {
		return nil
	}
	end, err := r.Set.End()
	if err != nil {
		return err
	}
	for _, shard := range r.Set.Shards() {
		if _, err := shard.Checkpoint(); err != nil && !errors.Is(err, userjournal.ErrEmpty) {
			return err
		}
	}
	r.durable = beyond(end, r.seen)
	return nil
}

// beyond is the further of two positions.
func beyond(p, q userjournal.Position) userjournal.Position {
	p = slices.Clone(p)
	p.Join(q)
	return p
}
