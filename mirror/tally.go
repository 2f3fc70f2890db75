// SPDX-License-Identifier: Apache-2.0

package mirror

import "vexj/uapi"

// A tally counts what was lost and why, and what was odd.
type tally struct {
	counters Counters                // of the producer, as read before this pass
	charged  [uapi.LostCauses]uint64 // of its losses, those in LOST records
	declared [uapi.LostCauses]uint64 // numbers in LOST records, by their cause

	bad      uint64 // malformed samples
	broken   bool   // a ring broke, with an unknown number of records in it
	firstBad error  // of those not yet told
	late     uint64 // journaled after higher ones
	stray    uint64 // came after they were declared lost: not journaled
}

func (t *tally) malformed(err error) {
	t.bad++
	if t.firstBad == nil {
		t.firstBad = err
	}
}

// known returns how many numbers are known to be lost, by cause.
func (t *tally) known() [uapi.LostCauses]uint64 {
	k := t.counters.Lost
	k[uapi.LostMalformed] += t.bad
	return k
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
	known := t.known()
	n := sum(&known)
	return n - min(n, sum(&t.declared))
}

// charge enters n numbers as lost, and returns the main cause.
func (t *tally) charge(n uint64) uapi.Cause {
	known := t.known()
	unexplained, main, most := n, uapi.LostUnknown, uint64(0)
	for unexplained > 0 {
		cause, rest := uapi.LostUnknown, uint64(0)
		for i, k := range known {
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
