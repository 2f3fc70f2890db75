// SPDX-License-Identifier: Apache-2.0

package mirror

import "vexj/uapi"

// A tally counts what was lost and why, and what was odd.
type tally struct {
	counters Counters // of the producer, as last read

	before   [uapi.LostCauses]uint64 // known, as of the pass before
	known    [uapi.LostCauses]uint64 // numbers known to be lost
	charged  [uapi.LostCauses]uint64 // of these, those in LOST records
	declared [uapi.LostCauses]uint64 // numbers in LOST records, by their cause

	bad      uint64 // malformed samples
	broken   bool   // a ring broke, with an unknown number of records in it
	firstBad error  // of those not yet told
	late     uint64 // journaled after higher ones
	stray    uint64 // came after they were declared lost: not journaled
}

// read takes in the producer's counters. A malformed sample seen so far is a
// number lost, too.
func (t *tally) read(c Counters) {
	t.before = t.known
	t.counters, t.known = c, c.Lost
	t.known[uapi.LostMalformed] += t.bad
}

func (t *tally) malformed(err error) {
	t.bad++
	if t.firstBad == nil {
		t.firstBad = err
	}
}

func sum(counts *[uapi.LostCauses]uint64) uint64 {
	var n uint64
	for _, c := range counts {
		n += c
	}
	return n
}

// explained is how many numbers are known to be lost and not yet declared.
func (t *tally) explained() uint64 {
	var n uint64
	for i, k := range t.known {
		n += k - min(k, t.charged[i])
	}
	return n
}

// balance is called when nothing is missing. What was known to be lost a pass ago
// and is in no LOST record, such as a malformed sample that had no number, will
// not explain what is missing later.
func (t *tally) balance() {
	for i, n := range t.before {
		t.charged[i] = max(t.charged[i], n)
	}
}

// charge enters n numbers as lost, and returns the main cause.
func (t *tally) charge(n uint64) uapi.Cause {
	unexplained, main, most := n, uapi.LostUnknown, uint64(0)
	for unexplained > 0 {
		cause, rest := uapi.LostUnknown, uint64(0)
		for i, k := range t.known {
			if left := k - min(k, t.charged[i]); left > rest {
				cause, rest = uapi.Cause(i), left
			}
		}
		if rest == 0 {
			break
		}
		part := min(rest, unexplained)
		t.charged[cause] += part
		unexplained -= part
		if part > most {
			main, most = cause, part
		}
	}
	if unexplained > most {
		main = uapi.LostUnknown
		if t.broken {
			main = uapi.LostMalformed
		}
	}
	t.broken = false
	t.declared[main] += n
	return main
}
