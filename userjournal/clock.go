// SPDX-License-Identifier: Apache-2.0

package userjournal

import "time"

// A Clock is what the ktime of records counts from.
type Clock struct {
	Boot       [16]byte // which boot; zero: unknown
	WallOffset int64    // ns to add to ktime for the time since 1970
}

// thisClock is that of the running kernel.
func thisClock() Clock { return Clock{bootID(), wallOffset()} }

func (o *Options) clock() Clock {
	if o.Clock != nil {
		return *o.Clock
	}
	return thisClock()
}

// clockNoise is what two readings of clocks that nobody set may differ by.
const clockNoise = int64(5 * time.Millisecond)

// A ClockStep is a wall clock that went back while the journal was away from it,
// or between two segments of one writer. Times of day before and behind it
// overlap; ordinals do not.
type ClockStep struct {
	Segment string // the first one behind it
	First   uint64 // its first ordinal
	Back    time.Duration
}

// maxClockSteps bounds what a report keeps of them.
const maxClockSteps = 100

func (v *VerifyReport) addClockStep(s ClockStep) {
	if len(v.ClockSteps) == maxClockSteps {
		v.ClockSteps = append(v.ClockSteps[:0], v.ClockSteps[1:]...)
	}
	v.ClockSteps = append(v.ClockSteps, s)
}

// setClock is for the header of a segment that is begun now, which has of the one
// before, if there is one, what was there: it tells by how much the clock went
// back since. Within one boot that is exact; after another it is at least as much,
// for nobody knows how long the machine was off.
func (h *segmentHeader) setClock(clock Clock, created int64) {
	back := int64(0)
	switch {
	case h.Created == 0: // the first segment, or one of which nothing is known
	case h.Boot == clock.Boot && clock.Boot != [16]byte{}:
		back = h.WallOffset - clock.WallOffset
	default:
		back = h.Created - created
	}
	// A segment that is replaced hands on what it saw.
	if back >= clockNoise {
		h.ClockBack += uint64(back)
	}
	h.Boot, h.WallOffset, h.Created = clock.Boot, clock.WallOffset, created
}
