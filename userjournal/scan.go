// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"time"

	"vexj/uapi"
)

// ScanOptions say what Scan visits. The zero value is everything, oldest first.
type ScanOptions struct {
	// From and To are ordinals, both visited; To 0 is the last one that is
	// visible when Scan is called.
	From, To uint64
	// Reverse visits To first.
	Reverse bool
	// Keys leaves out whole blocks by the indexes of the segments: of each
	// group of keys a record has at least one. A block that may have such a
	// record is visited whole. Where there is no index, as behind the last
	// sealed segment, nothing is left out: let Filter ask the same.
	Keys [][]Key
	// Since and Until, if not zero, leave out whole blocks in which all records
	// are earlier than Since or not earlier than Until.
	Since, Until time.Time
	// Filter leaves out whole blocks, unread. It is called from another
	// goroutine, for one block at a time, in the order of the scan; the zone
	// map is valid during the call.
	Filter func(*ZoneMap) bool
	// OnDamage is told what cannot be read. If it returns nil the scan goes
	// on behind it. If it is nil itself the scan ends with the damage.
	OnDamage func(*DamageError) error
}

// Scan calls fn for each record with its ordinal. rec is valid during the call.
// An error of fn ends the scan and is returned; ErrStop ends it without.
func (r *Reader) Scan(o ScanOptions, fn func(ordinal uint64, rec uapi.Record) error) error {
	if err := r.refresh(); err != nil {
		return err
	}
	p, err := r.plan(o)
	if err != nil {
		return err
	}
	a := readAhead(p)
	defer a.stop()
	for job := range a.queue {
		<-job.ready
		err := visit(job, p, fn)
		a.release(job)
		if errors.Is(err, ErrStop) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func visit(job *scanJob, p *scanPlan, fn func(uint64, uapi.Record) error) error {
	var d *DamageError
	switch {
	case errors.As(job.err, &d):
		if p.options.OnDamage == nil {
			return d
		}
		return p.options.OnDamage(d)
	case job.err != nil:
		return job.err
	}
	b := &job.buffer
	first, last := max(p.from, b.blk.zone.First), min(p.to, b.blk.zone.Last)
	if p.options.Reverse {
		for ordinal := last; ordinal >= first; ordinal-- {
			if err := fn(ordinal, b.record(ordinal)); err != nil {
				return err
			}
		}
		return nil
	}
	for ordinal := first; ordinal <= last; ordinal++ {
		if err := fn(ordinal, b.record(ordinal)); err != nil {
			return err
		}
	}
	return nil
}
