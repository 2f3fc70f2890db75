// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// Bounds of a timeline.
const (
	DefaultBuckets = 120
	MaxBuckets     = 2000
)

// categories bounds what a bucket tells apart; 0 is for those that nobody knows.
const categories = 9

// A Timeline counts records by when they were made.
type Timeline struct {
	First, Last time.Time // of the records; zero: there are none
	// Start is where the first bucket begins: a multiple of Width since 1970.
	Start   time.Time
	Width   time.Duration
	Buckets []Bucket
	Total   Bucket
}

// A Bucket is the counts of a stretch of time.
type Bucket struct {
	Records uint64
	Failed  uint64
	Changes uint64             // records that leave something changed
	Lost    uint64             // that LOST records tell of
	By      [categories]uint64 // records, by category: see Of
}

// Of is how many records are of the category.
func (b *Bucket) Of(c uapi.Category) uint64 { return b.By[categoryIndex(c)] }

func categoryIndex(c uapi.Category) int {
	if n := int(c >> 8); n < categories && c&0xff == 0 {
		return n
	}
	return 0
}

func (b *Bucket) add(r uapi.Record) {
	b.Records++
	b.By[categoryIndex(r.Type().Category())]++
	switch {
	case r.Flags().Has(uapi.FlagFailed):
		b.Failed++
	case modifies.has(r.Type()):
		b.Changes++
	}
	if r.Type() == uapi.SysLost {
		if l, ok := r.Lost(); ok {
			b.Lost += l.Count
		}
	}
}

// Timeline counts what meets the conditions in at most so many buckets, 0 for
// DefaultBuckets, of a round width: from Since to Until, or else from the first such record
// to the last.
func (q *Inquiry) Timeline(c Conditions, buckets int) (*Timeline, error) {
	if buckets == 0 {
		buckets = DefaultBuckets
	}
	if buckets < 2 || buckets > MaxBuckets {
		return nil, fmt.Errorf("%w: a timeline has 2 to %d buckets", ErrCondition, MaxBuckets)
	}
	t := &Timeline{}
	var err error
	if t.First, err = q.end(c, false); err != nil || t.First.IsZero() {
		return t, err
	}
	if t.Last, err = q.end(c, true); err != nil || t.Last.IsZero() {
		return t, err
	}
	// Clocks are set back: what is told first is not always what was earliest.
	if t.Last.Before(t.First) {
		t.First, t.Last = t.Last, t.First
	}
	from, to := t.First, t.Last.Add(1)
	if !c.Since.IsZero() {
		from = c.Since
	}
	if !c.Until.IsZero() {
		to = c.Until
	}
	t.Width = roundWidth(to.Sub(from), buckets)
	t.Start = from.Add(-time.Duration(from.UnixNano() % int64(t.Width)))
	t.Buckets = make([]Bucket, min(int(to.Sub(t.Start)-1)/int(t.Width)+1, buckets))
	err = q.scan(c, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		i := int(q.src.WallTime(ordinal, r.Ktime()).Sub(t.Start) / t.Width)
		t.Buckets[max(0, min(i, len(t.Buckets)-1))].add(r)
		t.Total.add(r)
		return nil
	})
	return t, err
}

// end is when the first or the last record that meets the conditions was made.
func (q *Inquiry) end(c Conditions, last bool) (at time.Time, err error) {
	err = q.scan(c, userjournal.ScanOptions{Reverse: last}, func(ordinal uint64, r uapi.Record) error {
		at = q.src.WallTime(ordinal, r.Ktime())
		return userjournal.ErrStop
	})
	return at, err
}

// widths are those that a person finds round.
var widths = []time.Duration{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600,
	7 * 24 * 3600, 30 * 24 * 3600}

// roundWidth is one of which so many are enough, wherever they begin.
func roundWidth(span time.Duration, buckets int) time.Duration {
	for unit := time.Microsecond; unit < time.Second; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if fits(span, n*unit, buckets) {
				return n * unit
			}
		}
	}
	for _, n := range widths {
		if fits(span, n*time.Second, buckets) {
			return n * time.Second
		}
	}
	last := widths[len(widths)-1] * time.Second
	return last * (span/last/time.Duration(buckets-1) + 1)
}

// fits: so many buckets have room for the span, though it begin in the middle of one.
func fits(span, width time.Duration, buckets int) bool {
	return span <= width*time.Duration(buckets-1)
}
