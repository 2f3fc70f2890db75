// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"cmp"
	"os"
	"slices"

	"vexj/cmd/internal/status"
	"vexj/uapi"
)

// Snapshot is what `vexjctl kernel status` shows. It may be called from any
// goroutine.
func (c *Capture) Snapshot() status.Snapshot {
	w, e := c.journal.Stats(), c.current()
	s := status.Snapshot{
		PID:      os.Getpid(),
		Program:  c.o.Program,
		Started:  c.started,
		Producer: c.ProducerName(),
		Journal: status.Journal{
			Dir: c.o.Journal, Records: w.Records, Bytes: w.RawBytes, StoredBytes: w.StoredBytes,
			Durability: c.o.Durability.String(),
		},
		Kernel:    counters(e.mirror.Stats().Counters),
		Hooks:     e.producer.Hooks(),
		Uncovered: e.producer.Coverage(),
	}
	for i, n := range e.producer.CPUCounters() {
		s.CPUs = append(s.CPUs, status.CPU{CPU: i, Counters: counters(n)})
	}
	for _, r := range e.rings {
		s.Rings = append(s.Rings, status.Ring{Size: r.Size(), Pending: r.Pending()})
	}
	// What cannot be asked for is left out: the rest is worth having.
	s.Filter, _ = e.producer.Filter()
	return s
}

// Peek returns the last records that are still in the rings, at most most of
// them, oldest first, whether they are in the journal already or not.
func (c *Capture) Peek(most int) ([]uapi.Record, error) {
	var all []uapi.Record
	for _, r := range c.current().rings {
		samples, err := r.Peek(most)
		if err != nil {
			return nil, err
		}
		for _, sample := range samples {
			if rec, err := uapi.Check(sample); err == nil {
				all = append(all, rec)
			}
		}
	}
	return Latest(all, most), nil
}

// Latest sorts records of several rings, and keeps the last ones.
func Latest(all []uapi.Record, most int) []uapi.Record {
	slices.SortStableFunc(all, func(a, b uapi.Record) int {
		return cmp.Or(cmp.Compare(a.GlobalSequence(), b.GlobalSequence()), cmp.Compare(a.Ktime(), b.Ktime()))
	})
	return all[max(0, len(all)-most):]
}

func counters(n uapi.Counters) status.Counters {
	out := status.Counters{
		Attempted: n.Attempted, Recorded: n.Recorded, Filtered: n.Filtered, LostBy: map[string]uint64{},
	}
	for cause, lost := range n.Lost {
		out.Lost += lost
		if lost > 0 {
			out.LostBy[uapi.Cause(cause).String()] = lost
		}
	}
	return out
}
