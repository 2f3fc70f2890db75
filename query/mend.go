// SPDX-License-Identifier: Apache-2.0

package query

import "vexj/uapi"

// A Mender follows the records of a journal of which some are damaged, in order,
// and makes the LOST records that the others then need to add up: the numbers
// that are missing behind damage, of cause unknown. Its zero value is ready.
type Mender struct {
	Told uint64 // records that the LOST records stand for

	last  [256]position // by producer
	build *uapi.Builder
}

// A position is how far a run of a producer has come.
type position struct {
	base   uint64 // its ids less its numbers
	number uint64 // the last; 0: none was seen
	behind bool   // damage
}

// Damaged says that something is missing here. What, and of whom, the records
// that follow tell.
func (m *Mender) Damaged() {
	for i := range m.last {
		m.last[i].behind = true
	}
}

// Before returns the record that belongs before r, or nil. It is valid until the
// next call.
func (m *Mender) Before(r uapi.Record) (uapi.Record, error) {
	n := r.GlobalSequence()
	if n == 0 {
		return nil, nil // numbered by CPU, or not at all
	}
	p := &m.last[r.Producer()&0xff]
	before := *p
	*p = position{base: r.EventID() - n, number: max(n, before.number)}
	if before.number == 0 || before.base != p.base {
		p.number = n
		return nil, nil
	}
	first, last := before.number+1, n-1
	if l, ok := r.Lost(); ok && r.Type() == uapi.SysLost {
		last = l.First - 1 // what follows it accounts for itself
	}
	if !before.behind || last < first || last >= n {
		return nil, nil
	}
	m.Told += last - first + 1
	if m.build == nil {
		m.build = uapi.NewBuilder(nil)
	}
	m.build.Begin(uapi.Header{
		EventID: p.base + last, Type: uapi.SysLost, Ktime: r.Ktime(), GlobalSequence: last,
		Priority: uapi.PriorityCritical, RootCause: p.base + last, VisibilityMask: ^uint64(0),
	})
	m.build.AddLost(uapi.Lost{Count: last - first + 1, First: first, Last: last, Cause: uapi.LostUnknown, CPU: uapi.SeveralCPUs})
	return m.build.Finish()
}
