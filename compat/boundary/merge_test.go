// SPDX-License-Identifier: Apache-2.0

package boundary

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"vexj/uapi"
)

// An event is what a test says of a record; at and duration are ms.
type event struct {
	side         Side
	at, duration uint64
	typ          uapi.Type
	inode        uint64
	offset, n    int64
	flags        uapi.Flags
	name         string
}

func record(t testing.TB, i int, e event) uapi.Record {
	t.Helper()
	p := uapi.ProducerBPFSyscall
	if e.side == User {
		p = uapi.ProducerFUSE
	}
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{EventID: uint64(p)<<56 | uint64(i+1), Type: e.typ, Ktime: e.at * 1e6, Flags: e.flags, VisibilityMask: ^uint64(0)})
	b.AddFile(uapi.File{DevMajor: 8, Inode: e.inode})
	b.AddIO(uapi.IO{Offset: e.offset, Length: uint64(e.n), Result: e.n, Duration: e.duration * 1e6})
	if e.name != "" {
		b.AddString(uapi.AttrName, e.name)
	}
	b.AddString(uapi.AttrPath, fmt.Sprintf("/f%d", e.inode))
	if e.typ == uapi.SysLost {
		b.AddLost(uapi.Lost{Count: 1, First: 1, Last: 1})
	}
	rec, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(rec)
}

func source(recs []uapi.Record) iter.Seq2[uapi.Record, error] {
	return func(yield func(uapi.Record, error) bool) {
		for _, rec := range recs {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

type list []uapi.Record

func (l *list) Append(rec uapi.Record) error {
	*l = append(*l, slices.Clone(rec))
	return nil
}

// merged runs a merge of two sources and tells what came out: the numbers of the
// events, with their links behind them.
func merged(t *testing.T, o Options, events []event) (string, *Report, error) {
	t.Helper()
	var sides [2][]uapi.Record
	for i, e := range events {
		sides[e.side] = append(sides[e.side], record(t, i, e))
	}
	var out list
	report, err := Run(o, &out, source(sides[0]), source(sides[1]))
	var words []string
	number := func(id uint64) uint64 { return id & (1<<56 - 1) }
	for _, rec := range out {
		w := fmt.Sprint(number(rec.EventID()))
		for i := range rec.LinkCount() {
			l := rec.Link(i)
			w += fmt.Sprintf("%s%d", map[uint32]string{LinkSameAct: "=", LinkSupersedes: ">", LinkMerged: "+"}[l.Type], number(l.Effect))
		}
		words = append(words, w)
	}
	return strings.Join(words, " "), report, err
}

func TestMerge(t *testing.T) {
	w := func(side Side, at uint64, inode uint64, offset, n int64) event {
		return event{side: side, at: at, duration: 2, typ: uapi.FSWrite, inode: inode, offset: offset, n: n}
	}
	for name, c := range map[string]struct {
		policy     Policy
		events     []event
		want       string
		duplicates uint64
		conflicts  uint64
		state      State
	}{
		"one act":            {0, []event{w(Kernel, 10, 1, 0, 5), w(User, 11, 1, 0, 5)}, "2=1", 1, 0, Synchronised},
		"in order":           {0, []event{w(Kernel, 10, 1, 0, 5), w(User, 11, 1, 0, 5), w(Kernel, 12, 1, 0, 5), w(User, 13, 1, 0, 5)}, "2=1 4=3", 2, 0, Synchronised},
		"another range":      {0, []event{w(Kernel, 10, 1, 0, 5), w(User, 11, 1, 5, 5)}, "1 2", 0, 0, Synchronised},
		"another file":       {0, []event{w(Kernel, 10, 1, 0, 5), w(User, 11, 2, 0, 5)}, "1 2", 0, 0, Minor},
		"too late":           {0, []event{w(User, 11, 1, 0, 5), w(Kernel, 50, 1, 0, 5)}, "1 2>1", 0, 1, Synchronised},
		"failed":             {0, []event{{side: Kernel, at: 1, typ: uapi.FSMkdir, inode: 1, flags: uapi.FlagFailed}, {side: User, at: 2, typ: uapi.FSMkdir, inode: 1}}, "1 2", 0, 0, Minor},
		"past the mount":     {0, []event{w(Kernel, 10, 1, 0, 5), w(User, 11, 1, 0, 5), w(Kernel, 500, 1, 2, 9)}, "2=1 3>2", 1, 1, Minor},
		"the first stands":   {FirstWriter, []event{w(Kernel, 10, 1, 0, 5), w(User, 11, 1, 0, 5), w(Kernel, 500, 1, 2, 9)}, "2=1>3 3", 1, 1, Minor},
		"bytes merge":        {Merge, []event{w(User, 11, 1, 0, 5), w(Kernel, 500, 1, 2, 9)}, "1 2+1", 0, 1, Synchronised},
		"modes do not":       {Merge, []event{{side: User, at: 11, typ: uapi.FSChmod, inode: 1}, {side: Kernel, at: 500, typ: uapi.FSChmod, inode: 1}}, "1 2", 0, 1, Synchronised},
		"other aspects":      {0, []event{{side: User, at: 11, typ: uapi.FSChmod, inode: 1}, {side: Kernel, at: 500, typ: uapi.FSChown, inode: 1}}, "1 2", 0, 0, Synchronised},
		"other attributes":   {0, []event{{side: User, at: 11, typ: uapi.FSSetxattr, inode: 1, name: "user.a"}, {side: Kernel, at: 500, typ: uapi.FSSetxattr, inode: 1, name: "user.b"}}, "1 2", 0, 0, Synchronised},
		"removed meanwhile":  {0, []event{w(User, 11, 1, 0, 5), {side: Kernel, at: 500, typ: uapi.FSDelete, inode: 1}}, "1 2>1", 0, 1, Synchronised},
		"long ago":           {0, []event{w(User, 11, 1, 0, 5), w(Kernel, 9000, 1, 0, 5)}, "1 2", 0, 0, Synchronised},
		"lost":               {0, []event{w(User, 11, 1, 0, 5), {side: Kernel, at: 50, typ: uapi.SysLost}}, "1 2", 0, 0, Lost},
		"elsewhere":          {0, []event{w(Kernel, 1, 77, 0, 5), w(Kernel, 2, 78, 0, 5)}, "1 2", 0, 0, Synchronised},
		"rejected":           {Reject, []event{w(User, 11, 1, 0, 5), w(Kernel, 500, 1, 2, 9)}, "", 0, 1, Minor},
		"reads pass, unlike": {0, []event{{side: Kernel, at: 1, typ: uapi.FSRead, inode: 1}, {side: User, at: 2, typ: uapi.FSRead, inode: 1}}, "1 2", 0, 0, Synchronised},
	} {
		t.Run(name, func(t *testing.T) {
			told := uint64(0)
			got, r, err := merged(t, Options{Policy: c.policy, Conflict: func(Conflict) { told++ }}, c.events)
			if (err != nil) != (c.policy == Reject) || err != nil && !errors.Is(err, ErrConflict) {
				t.Fatal(err)
			}
			if got != c.want || r.Duplicates != c.duplicates || r.Conflicts != c.conflicts || told != c.conflicts || r.State() != c.state {
				t.Errorf("got %q, %d duplicates, %d conflicts, %v; want %q, %d, %d, %v", got, r.Duplicates, r.Conflicts, r.State(),
					c.want, c.duplicates, c.conflicts, c.state)
			}
		})
	}
}

// What is held is bounded, and nothing gets lost by that.
func TestHold(t *testing.T) {
	var events []event
	for i := range 5000 {
		events = append(events, event{side: Kernel, at: uint64(i) / 100, typ: uapi.FSWrite, inode: uint64(i), n: 1})
	}
	var recs []uapi.Record
	for i, e := range events {
		recs = append(recs, record(t, i, e))
	}
	var out list
	r, err := Run(Options{Hold: 100}, &out, source(recs))
	if err != nil || len(out) != len(events) || r.Forced == 0 || r.Written != uint64(len(events)) {
		t.Errorf("%d of %d came out, %d forced: %v", len(out), len(events), r.Forced, err)
	}
}
