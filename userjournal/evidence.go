// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"cmp"
	"fmt"
	"slices"
)

// Evidence is what Verify can hold a journal against that is not in it, and that
// whoever changed the journal could therefore not change along with it.
type Evidence struct {
	// Key is the one that the segments must be signed with.
	Key PublicKey
	// Checkpoints were made of the journal at some time.
	Checkpoints []Checkpoint
}

// An Attestation is how much of a journal evidence stands for.
type Attestation struct {
	Records    uint64 // that are what they were when the evidence was made
	Upto       uint64 // the last of them
	Signatures int    // that hold
	Points     int    // checkpoints that hold
	Unchecked  int    // checkpoints of records that are no longer kept
}

// A witness follows Verify along the chain and speaks up where it knows the
// value.
type witness struct {
	key    PublicKey
	points []Checkpoint // to come, by ordinal
	found  Attestation

	run    uint64 // records since the last evidence, in an unbroken chain
	before uint64 // ordinal of the last evidence that held
	signed bool   // the last segment with records that was sealed
}

func newWitness(e Evidence, first uint64) *witness {
	w := &witness{key: e.Key, signed: true, before: first - 1}
	w.points = slices.Clone(e.Checkpoints)
	slices.SortStableFunc(w.points, func(a, b Checkpoint) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	return w
}

// holds: there is evidence of all up to the ordinal.
func (w *witness) holds(ordinal uint64) {
	w.found.Records += w.run
	w.run, w.before = 0, ordinal
	w.found.Upto = max(w.found.Upto, ordinal)
}

// opens is where the chain begins: what came before may have been let go.
func (v *verifier) opens(s *segment) {
	w := v.witness
	for len(w.points) > 0 && w.points[0].Ordinal < s.first {
		c := w.points[0]
		if c.Ordinal < s.first-1 || s.guessed {
			w.points = w.points[1:]
			w.found.Unchecked++
			continue
		}
		v.point(link{s.header.Previous, true}, s.header.Journal)
	}
}

// reach hears of the checkpoints up to the ordinal, where the chain has come to.
func (v *verifier) reach(s *segment, ordinal uint64) {
	w := v.witness
	for len(w.points) > 0 && w.points[0].Ordinal <= ordinal {
		if c := w.points[0]; c.Ordinal < ordinal {
			w.points = w.points[1:]
			v.fault(0, 0, fmt.Errorf("checkpoint at %d: no block ends there any more: records after %d were changed, dropped or inserted",
				c.Ordinal, w.before))
			continue
		}
		v.point(v.link, s.header.Journal)
	}
}

// point holds the next checkpoint against the chain where that is.
func (v *verifier) point(at link, journal [16]byte) {
	w := v.witness
	c := w.points[0]
	w.points = w.points[1:]
	var err error
	switch {
	case c.Journal != journal:
		err = fmt.Errorf("it is of the journal %x, this is %x", c.Journal, journal)
	case c.Signed() && w.key != PublicKey{}:
		err = c.Verify(w.key)
	case c.Signed():
		err = c.Verify(c.Key)
	}
	switch {
	case err != nil:
		v.fault(0, 0, fmt.Errorf("checkpoint at %d: %w", c.Ordinal, err))
	case !at.known:
		v.fault(0, 0, fmt.Errorf("checkpoint at %d: what is missing before it leaves nothing to hold it against", c.Ordinal))
	case c.Chain != at.value:
		v.fault(0, 0, fmt.Errorf("checkpoint at %d: records after %d and up to there are not those that it was made of",
			c.Ordinal, w.before))
		w.run = 0
	default:
		w.found.Points++
		w.holds(c.Ordinal)
	}
}

// signature holds that of a sealed segment against where the chain has come to.
func (v *verifier) signature(s *segment) {
	w, f := v.witness, s.footer
	if f.records == 0 {
		return
	}
	w.signed = f.sign.present()
	if !w.signed {
		return
	}
	c := f.checkpoint(s.header)
	key := w.key
	if key == (PublicKey{}) {
		key = c.Key
	}
	if err := c.Verify(key); err != nil {
		v.fault(f.offset, 0, fmt.Errorf("records after %d: %w", w.before, err))
		return
	}
	// The footer's value is held against the chain elsewhere.
	if !v.link.known || v.link.value != f.chain {
		return
	}
	w.found.Signatures++
	if w.key != (PublicKey{}) {
		w.holds(c.Ordinal)
	}
}

// rest is what evidence there should have been.
func (v *verifier) rest() {
	w := v.witness
	for _, c := range w.points {
		v.fault(0, 0, fmt.Errorf("checkpoint at %d: the journal ends at %d: records were cut off", c.Ordinal, v.next-1))
	}
	if w.key != (PublicKey{}) && !w.signed {
		v.fault(0, 0, fmt.Errorf("%w: there is none for the records after %d", ErrSignature, w.before))
	}
	v.report.Attested = w.found
}

var errForged = damaged("chain: the records are not those that were written")
