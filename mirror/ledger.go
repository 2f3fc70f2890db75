// SPDX-License-Identifier: Apache-2.0

package mirror

// A ledger has the numbers that were passed over: higher ones are journaled,
// and it is not known yet whether they were lost or come late.
type ledger struct {
	bits bitmap
	low  uint64 // no number below is open
	high uint64 // nor above
	open uint64 // how many are
}

const (
	ledgerSize = 1 << 20
	// giveUp is by how much more than needed a full ledger is emptied: each time
	// makes a LOST record.
	giveUp = ledgerSize / 4
)

func newLedger() *ledger { return &ledger{bits: newBitmap(ledgerSize), low: 1} }

// pass opens the numbers from first to last, which are all above those passed
// before. The ledger being bounded, the lowest may have to be given up for
// them: these are returned.
func (l *ledger) pass(first, last uint64) loss {
	var given loss
	if last-l.low >= ledgerSize {
		limit := last - ledgerSize + giveUp
		given = l.takeUpTo(limit)
		if first <= limit {
			given.add(first, limit)
			first = limit + 1
		}
		l.low = limit + 1
	}
	l.bits.setRange(first, last)
	l.open += last - first + 1
	l.high = last
	return given
}

// take says whether n was open, and closes it.
func (l *ledger) take(n uint64) bool {
	if l.open == 0 || n < l.low || n > l.high || !l.bits.has(n) {
		return false
	}
	l.bits.clear(n)
	l.open--
	return true
}

// countUpTo says how many numbers up to limit are open.
func (l *ledger) countUpTo(limit uint64) uint64 {
	switch {
	case l.open == 0 || limit < l.low:
		return 0
	case limit >= l.high:
		return l.open
	}
	return l.bits.count(l.low, limit)
}

// takeUpTo closes all numbers up to limit, and returns them.
func (l *ledger) takeUpTo(limit uint64) loss {
	limit = min(limit, l.high)
	n := l.countUpTo(limit)
	if n == 0 {
		return loss{}
	}
	taken := loss{
		count: n,
		first: l.bits.nextSet(l.low, limit),
		last:  l.bits.lastSet(l.low, limit),
	}
	l.bits.clearRange(l.low, limit)
	l.open -= n
	l.low = limit + 1
	return taken
}
