// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"os"

	"vexj/cmd/internal/status"
	"vexj/uapi"
)

// Snapshot is what `vexjctl kernel status` shows. It may be called from any
// goroutine.
func (c *Capture) Snapshot() status.Snapshot {
	w := c.journal.Stats()
	s := status.Snapshot{
		PID:      os.Getpid(),
		Program:  c.o.Program,
		Started:  c.started,
		Producer: c.ProducerName(),
		Journal: status.Journal{
			Dir: c.o.Journal, Records: w.Records, Bytes: w.RawBytes, StoredBytes: w.StoredBytes,
			Durability: c.o.Durability.String(),
		},
		Kernel:    counters(c.mirror.Stats().Counters),
		Uncovered: c.producer.Coverage(),
	}
	for i, n := range c.producer.CPUCounters() {
		s.CPUs = append(s.CPUs, status.CPU{CPU: i, Counters: counters(n)})
	}
	for _, r := range c.rings {
		s.Rings = append(s.Rings, status.Ring{Size: r.Size(), Pending: r.Pending()})
	}
	for _, h := range c.producer.Hooks() {
		s.Hooks = append(s.Hooks, status.Hook{Name: h.Name, Operation: h.Operation, Placed: h.Placed, Why: h.Why})
	}
	return s
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
