// SPDX-License-Identifier: Apache-2.0

package mirror

import "vexj/uapi"

// A Source is the producer whose rings are mirrored, as far as the mirror must
// know it. Its methods are called from the goroutine of Run, never for each
// record; NextSequence and IDBase also by whoever calls Emit.
type Source interface {
	// ID is the producer's number in event ids.
	ID() uint32

	// IDBase is the event_id of global_sequence 0. Every record in the rings
	// that has a global_sequence has the event_id IDBase + global_sequence.
	IDBase() uint64

	// NextSequence takes the next global_sequence, from the same counter as
	// the producer, for a record that the mirror makes itself. A producer
	// that cannot number globally returns 0.
	NextSequence() uint64

	// LastSequence is the highest global_sequence given out so far, to
	// whomever. It is read where numbers are given out: a number that was taken
	// and not yet counted as attempted is in it. A producer that cannot number
	// globally returns 0.
	LastSequence() uint64

	// Counters returns the counts so far. Each may lag a little behind the
	// truth, but none goes back.
	Counters() Counters

	// Coverage says what the producer cannot see, a line each. It is asked when
	// the run starts, and again when the producer has stopped: a line that is
	// new then tells what turned out not to be seen. The slice is the caller's.
	Coverage() []string

	// Stop detaches the producer: after it returns no record is numbered. A
	// record that was numbered before may still be on its way to a ring.
	Stop() error
}

// Counters is what Source.Counters returns. What NextSequence gave out is in
// none of them.
type Counters = uapi.Counters

// look reads the producer's counters, and then the last number that was given
// out, which is no lower than that of any loss in them. The count of attempts
// would not do: a probe takes its number before it counts it, and one that is
// held up in between lets a loss of a higher number be counted first.
func (c *core) look() (limit uint64) {
	c.tally.read(c.src.Counters())
	return c.limit()
}

func (c *core) limit() uint64 {
	if n := c.src.LastSequence(); n != 0 {
		return n
	}
	return c.tally.counters.Attempted
}
