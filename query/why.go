// SPDX-License-Identifier: Apache-2.0

package query

import (
	"vexj/uapi"
	"vexj/userjournal"
)

// A Why is how an event came about.
type Why struct {
	Event Event
	// Causes are the chain of parents, the nearest first.
	Causes []Event
	// Root is the first cause that the record names, if the chain does not
	// lead to it.
	Root *Event
	// Links are causes that the record names besides.
	Links []Event
	// Cut: a cause that is named is not there.
	Cut bool
	// Intent is the nearest one in the chain, or nil.
	Intent *Intent
	// Processes are who did it, and who made that process, the nearest first.
	Processes []Ancestor
}

// Why follows the causes of an event.
func (q *Inquiry) Why(id uint64) (*Why, error) {
	e, err := q.Find(id)
	if err != nil {
		return nil, err
	}
	w := &Why{Event: e}
	seen := map[uint64]bool{e.Rec.EventID(): true}
	for next := e.Rec.Parent(); next != 0 && !seen[next] && len(w.Causes) < maxChain; {
		seen[next] = true
		cause, err := q.look(next)
		if err != nil {
			return nil, err
		}
		if cause == nil {
			w.Cut = true
			break
		}
		w.Causes = append(w.Causes, *cause)
		if w.Intent == nil && cause.Rec.Type() == uapi.SemIntent {
			w.Intent = ParseIntent(*cause)
		}
		next = cause.Rec.Parent()
	}
	if err := q.addRoot(w, seen); err != nil {
		return nil, err
	}
	if err := q.addLinks(w, seen); err != nil {
		return nil, err
	}
	w.Processes, err = q.Ancestry(e)
	return w, err
}

func (q *Inquiry) addRoot(w *Why, seen map[uint64]bool) error {
	id := w.Event.Rec.RootCause()
	if id == 0 || seen[id] {
		return nil
	}
	seen[id] = true
	root, err := q.look(id)
	w.Root, w.Cut = root, w.Cut || root == nil
	return err
}

func (q *Inquiry) addLinks(w *Why, seen map[uint64]bool) error {
	r := w.Event.Rec
	for i := range r.LinkCount() {
		l := r.Link(i)
		if l.Effect != r.EventID() || seen[l.Cause] {
			continue
		}
		seen[l.Cause] = true
		cause, err := q.look(l.Cause)
		if err != nil {
			return err
		}
		if cause == nil {
			w.Cut = true
			continue
		}
		w.Links = append(w.Links, *cause)
	}
	return nil
}

// An Ancestor is a process that acted, or one that it descends from.
type Ancestor struct {
	PID     uint32
	Start   uint64 // ns of CLOCK_BOOTTIME; 0: not known
	Command string
	Exec    *Event // what made it the program that it is; nil: before the journal begins
	Fork    *Event // what made the process; nil: likewise
}

const (
	maxAncestors = 64
	// forkSlack is by how much the record of a fork may be before the start that
	// the kernel notes, in ns.
	forkSlack = 1_000_000_000
)

// Ancestry returns the process that acted and those that it descends from, as far
// as the journal knows them.
func (q *Inquiry) Ancestry(e Event) (line []Ancestor, err error) {
	t, ok := e.Rec.Task()
	if !ok || e.Rec.PID() == 0 {
		return nil, nil
	}
	a := Ancestor{PID: e.Rec.PID(), Start: t.StartTime, Command: string(t.Command())}
	parent := t.PPID
	for until := e; len(line) < maxAncestors; {
		if err := q.begin(&a, until); err != nil {
			return nil, err
		}
		line = append(line, a)
		switch {
		case a.Fork != nil:
			t, _ := a.Fork.Rec.Task()
			until, parent = *a.Fork, t.PPID
			a = Ancestor{PID: a.Fork.Rec.PID(), Start: t.StartTime, Command: string(t.Command())}
		case parent > 0 && parent != a.PID:
			// All that is known of it is its number.
			return append(line, Ancestor{PID: parent}), nil
		default:
			return line, nil
		}
	}
	return line, nil
}

// begin finds how the process began that did something at the event.
func (q *Inquiry) begin(a *Ancestor, e Event) error {
	c := Conditions{Types: []uapi.Type{uapi.ProcFork, uapi.ProcExec}, Succeeded: true, Until: e.Time.Add(1)}
	o := userjournal.ScanOptions{Reverse: true, Keys: [][]userjournal.Key{{userjournal.BegunKey(a.PID)}}}
	return q.scan(c, o, func(ordinal uint64, r uapi.Record) error {
		if r.Type() == uapi.ProcExec {
			t, _ := r.Task()
			if a.Exec == nil && r.PID() == a.PID && (a.Start == 0 || t.StartTime == a.Start) {
				exec := q.event(ordinal, r)
				a.Exec = &exec
			}
			return nil
		}
		child, ok := r.Child()
		if !ok || child.PID != a.PID || child.Thread != 0 {
			return nil
		}
		if a.Start <= r.Ktime()+forkSlack {
			fork := q.event(ordinal, r)
			a.Fork = &fork
		}
		return userjournal.ErrStop // an earlier one was of another process with this number
	})
}
