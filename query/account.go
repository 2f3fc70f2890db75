// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"

	"vexj/uapi"
	"vexj/userjournal"
)

// Account follows the records of a journal, in order, and tells whether all of
// them are there. Its memory grows with the number of runs of producers, and
// with none else. Its zero value is ready.
type Account struct {
	Epochs []*Epoch // in the order of their first record

	Records uint64 // of all kinds
	// Unnumbered are records of a producer that neither started a run nor
	// numbers, or that were converted from a legacy file, whose numbers promise
	// nothing: what is missing of them nobody can say.
	Unnumbered uint64
	// Strays are records of a run that had ended; the first maxProblems.
	Strays []Problem
	// Damage is what the journal could not give; the first maxProblems.
	Damage []*userjournal.DamageError

	current [256]*Epoch
	stray   uint64
	damage  uint64
}

// Audit reads all of j. It goes on behind damage, which the account then shows
// as what it is: missing numbers.
func Audit(j Journal) (*Account, error) {
	a := &Account{}
	err := j.Scan(userjournal.ScanOptions{OnDamage: a.damaged}, func(ordinal uint64, r uapi.Record) error {
		a.Add(ordinal, r)
		return nil
	})
	if err != nil && !errors.Is(err, userjournal.ErrEmpty) {
		return nil, err
	}
	a.Close()
	for _, e := range a.Epochs {
		e.FirstTime, e.LastTime = j.WallTime(e.First, e.firstKtime), j.WallTime(e.Last, e.ktime)
	}
	return a, nil
}

func (a *Account) damaged(d *userjournal.DamageError) error {
	a.damage++
	if len(a.Damage) < maxProblems {
		a.Damage = append(a.Damage, d)
	}
	return nil
}

// Add takes the next record.
func (a *Account) Add(ordinal uint64, r uapi.Record) {
	a.Records++
	e := a.current[r.Producer()&0xff]
	n := r.GlobalSequence()
	switch {
	case r.Type() == uapi.SysProducerStart && !converted(r):
		a.start(ordinal, r)
		return
	case e != nil && (n == 0 || r.EventID()-n == e.IDBase):
	case e == nil && n == 0, converted(r):
		a.Unnumbered++
		return
	case e == nil || r.EventID()-n > e.IDBase:
		e = a.begin(ordinal, r, r.EventID()-n)
		e.global.startAt(n)
	default:
		a.strayed(ordinal, r)
		return
	}
	e.add(ordinal, r)
}

// converted: the record comes from a legacy file.
func converted(r uapi.Record) bool {
	_, ok := r.Legacy()
	return ok
}

func (a *Account) begin(ordinal uint64, r uapi.Record, base uint64) *Epoch {
	p := r.Producer()
	if old := a.current[p&0xff]; old != nil {
		old.settle()
	}
	e := &Epoch{Producer: p, IDBase: base, First: ordinal, firstKtime: r.Ktime()}
	a.current[p&0xff] = e
	a.Epochs = append(a.Epochs, e)
	return e
}

func (a *Account) start(ordinal uint64, r uapi.Record) {
	n := r.GlobalSequence()
	e := a.begin(ordinal, r, r.EventID()-n)
	e.Started, e.PerCPU = true, n == 0
	e.Last, e.ktime = ordinal, r.Ktime()
	e.Clock, _ = r.Clock()
	coverage, _ := r.Attr(uapi.AttrCoverage)
	e.Coverage = string(coverage)
	switch c, ok := r.ProducerCounts(); {
	case !ok:
		e.problem(ordinal, "PRODUCER_START does not name its producer")
	case c.Producer != e.Producer:
		e.problem(ordinal, "PRODUCER_START of %s has an event_id of %s", c.Producer, e.Producer)
	case c.IDBase != e.IDBase:
		e.problem(ordinal, "PRODUCER_START gives the id %#x to number 0, its own id is %#x + %d", c.IDBase, e.IDBase, n)
	}
	if n > 0 {
		e.global.expect(n)
	}
}

// strayed takes a record with an id of before the present run.
func (a *Account) strayed(ordinal uint64, r uapi.Record) {
	a.stray++
	if len(a.Strays) < maxProblems {
		a.Strays = append(a.Strays, Problem{ordinal, "its event_id is of an earlier run of " + r.Producer().String()})
	}
}

// Close ends the account.
func (a *Account) Close() {
	for p, e := range a.current {
		if e != nil {
			e.settle()
			a.current[p] = nil
		}
	}
}

// Attempted is the sum over all runs; so are Journaled and Lost.
func (a *Account) Attempted() uint64 { return a.sum(func(e *Epoch) uint64 { return e.Attempted }) }

// Journaled: see Attempted.
func (a *Account) Journaled() uint64 { return a.sum(func(e *Epoch) uint64 { return e.Records }) }

// Lost: see Attempted.
func (a *Account) Lost() uint64 { return a.sum(func(e *Epoch) uint64 { return e.Lost }) }

// Missing: see Attempted.
func (a *Account) Missing() uint64 { return a.sum(func(e *Epoch) uint64 { return e.Missing }) }

func (a *Account) sum(of func(*Epoch) uint64) uint64 {
	var n uint64
	for _, e := range a.Epochs {
		n += of(e)
	}
	return n
}

// Sound reports whether no promise is broken. Records may have been lost: that
// they were is then told. Of a run that was killed, what the recorder did not
// write any more may be missing.
func (a *Account) Sound() bool {
	for _, e := range a.Epochs {
		if len(e.Problems) > 0 {
			return false
		}
	}
	return a.stray == 0 && a.damage == 0
}
