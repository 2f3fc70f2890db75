// SPDX-License-Identifier: Apache-2.0

package mirror

import "vexj/uapi"

// A Source is the producer whose rings are mirrored, as far as the mirror must
// know it. Its methods are called from the goroutine of Run alone, never for
// each record.
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

// look reads the producer's counters, and then a number that was given out, no
// lower than that of any loss in them. They are sums over CPUs that go on
// counting while they are read; reading the limit after all losses is what makes
// it cover them.
func (c *core) look() (limit uint64) {
	c.tally.read(c.src.Counters())
	return c.limit()
}

func (c *core) limit() uint64 { return c.src.Counters().Attempted + c.taken }
