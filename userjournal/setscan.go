// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"vexj/uapi"
)

// Scan is [Reader.Scan] in the order of all shards. Of several shards, ordinals
// have no order: From and To must be 0, and [Set.Between] bounds the scan.
func (s *Set) Scan(o ScanOptions, fn func(ordinal uint64, rec uapi.Record) error) error {
	if s.alone() {
		return s.shards[0].Scan(o, fn)
	}
	if o.From != 0 || o.To != 0 {
		return fmt.Errorf("scan of shards: %w: From and To are those of a shard; bound it by positions", ErrOption)
	}
	return s.Between(nil, nil).Scan(o, fn)
}

// A Span is the part of a set between two positions.
type Span struct {
	*Set
	after, upto Position
}

// Between is what is behind one position and up to another. Without the first
// the part begins with the first record, without the second it ends with the last
// that is visible when it is scanned.
func (s *Set) Between(after, upto Position) *Span { return &Span{s, after, upto} }

// Scan is [Set.Scan] of the part. From and To are not used.
func (p *Span) Scan(o ScanOptions, fn func(ordinal uint64, rec uapi.Record) error) error {
	if p.alone() {
		if !p.bound(&o, 0) {
			return nil
		}
		return p.shards[0].Scan(o, fn)
	}
	m := merge{span: p, o: o}
	return m.run(fn)
}

// bound sets From and To of a shard; it is false if there is nothing between.
func (p *Span) bound(o *ScanOptions, shard int) bool {
	o.From, o.To = 0, 0
	if p.after != nil {
		o.From = p.after[shard] + 1
	}
	if p.upto != nil {
		o.To = p.upto[shard]
		return o.To != 0 && o.From <= o.To
	}
	return true
}

// A merge makes one order of several shards.
type merge struct {
	span  *Span
	o     ScanOptions
	heads []*headOfShard
	// holds, if set, ends the scan before a record that it is true for; dry: a
	// shard has nothing more to show.
	holds func(h *headOfShard, dry bool) bool
}

func (m *merge) run(fn func(ordinal uint64, rec uapi.Record) error) error {
	defer m.end()
	if err := m.begin(); err != nil {
		return err
	}
	for {
		h, dry := m.next()
		if h == nil || m.holds != nil && m.holds(h, dry) {
			return nil
		}
		err := fn(ShardOrdinal(h.shard, len(m.span.shards), h.ordinal), h.rec)
		if err == nil {
			err = h.advance()
		}
		if errors.Is(err, ErrStop) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// begin finds the first record of each shard.
func (m *merge) begin() error {
	if filter := m.o.Filter; filter != nil {
		// Each shard has a goroutine that asks.
		var mu sync.Mutex
		m.o.Filter = func(z *ZoneMap) bool {
			mu.Lock()
			defer mu.Unlock()
			return filter(z)
		}
	}
	for i, r := range m.span.shards {
		o := m.o
		h := &headOfShard{reader: r, shard: i}
		m.heads = append(m.heads, h)
		if !m.span.bound(&o, i) {
			continue
		}
		h.pull, h.stop = iter.Pull2(h.scan(o))
		if err := h.advance(); err != nil {
			return err
		}
	}
	return nil
}

func (m *merge) end() {
	for _, h := range m.heads {
		if h.stop != nil {
			h.stop()
		}
	}
}

// next is the head that comes next. Numbers of a run and times need not agree,
// as clocks of CPUs differ: so of each run only the lowest number is a choice,
// and of the choices the earliest comes next.
func (m *merge) next() (next *headOfShard, dry bool) {
	for _, h := range m.heads {
		dry = dry || h.rec == nil
		if h.rec == nil || m.behind(h) {
			continue
		}
		if next == nil || h.time.Before(next.time) != m.o.Reverse && !h.time.Equal(next.time) {
			next = h
		}
	}
	return next, dry
}

// behind: another shard has a record of the same run that comes before.
func (m *merge) behind(h *headOfShard) bool {
	for _, o := range m.heads {
		if o != h && o.rec != nil && h.run != 0 && o.run == h.run &&
			o.sequence != h.sequence && o.sequence < h.sequence != m.o.Reverse {
			return true
		}
	}
	return false
}

// A headOfShard is the next record of a shard.
type headOfShard struct {
	reader *Reader
	shard  int
	pull   func() (uint64, uapi.Record, bool)
	stop   func()
	err    error // of the scan, once it has ended

	rec      uapi.Record // nil: there is none
	ordinal  uint64
	run      uint64 // event_id of number 0: names the run of a producer; 0: no numbers
	sequence uint64
	time     time.Time
}

// scan yields the records of the shard; each is valid until the next one.
func (h *headOfShard) scan(o ScanOptions) iter.Seq2[uint64, uapi.Record] {
	return func(yield func(uint64, uapi.Record) bool) {
		h.err = h.reader.Scan(o, func(ordinal uint64, rec uapi.Record) error {
			if !yield(ordinal, rec) {
				return ErrStop
			}
			return nil
		})
	}
}

func (h *headOfShard) advance() error {
	ordinal, rec, ok := h.pull()
	if !ok {
		h.rec = nil
		return h.err
	}
	h.ordinal, h.rec = ordinal, rec
	h.run, h.sequence = 0, rec.GlobalSequence()
	if h.sequence != 0 {
		h.run = rec.EventID() - h.sequence
	}
	h.time = h.reader.WallTime(ordinal, rec.Ktime())
	return nil
}
