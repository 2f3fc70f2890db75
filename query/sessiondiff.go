// SPDX-License-Identifier: Apache-2.0

package query

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// maxTouched bounds the paths that a diff keeps.
const maxTouched = 65_536

// A SessionDiff holds what an agent said that it would change against what was
// changed.
type SessionDiff struct {
	ID       uint64
	Declared []*Declared
	// Undeclared are the paths that were changed and that no pattern is of, in
	// the order in which that began.
	Undeclared []*Touched
	Paths      int  // different ones that were changed
	Over       bool // there are more than are kept
	Intents    int
}

// Declared is a pattern of an intent.
type Declared struct {
	Pattern string // as it was declared
	Whole   string // with the folder that it is relative to
	Intent  *Intent
	Paths   int // that were changed and that it is of; 0: untouched
	globs   []glob
	Bad     bool // it is no pattern
}

// Touched is a path that was changed.
type Touched struct {
	Path    string
	Records uint64
	First   time.Time
	Event   uint64 // id of the first change
	ordinal uint64
}

// Diff compares the declarations of a session's intents with its changes.
// ErrNotFound: there is no such session.
func (q *Inquiry) Diff(id uint64) (*SessionDiff, error) {
	d := &SessionDiff{ID: id}
	seen := map[string]*Touched{}
	any := false
	err := q.scan(Conditions{Sessions: []uint64{id}}, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		any = true
		switch {
		case r.Type() == uapi.SemIntent:
			d.declare(ParseIntent(q.event(ordinal, r)))
		case modifies.has(r.Type()) && !r.Flags().Has(uapi.FlagFailed):
			d.touch(q, seen, ordinal, r, r.Path())
			if r.Type() == uapi.FSRename || r.Type() == uapi.FSHardlink {
				d.touch(q, seen, ordinal, r, r.Path2())
			}
		}
		return nil
	})
	if err == nil && !any {
		err = fmt.Errorf("session %d: %w", id, ErrNotFound)
	}
	d.compare(seen)
	return d, err
}

func (d *SessionDiff) declare(i *Intent) {
	d.Intents++
	for _, pattern := range i.Touch {
		if len(d.Declared) >= maxIntents {
			d.Over = true
			return
		}
		one := &Declared{Pattern: pattern, Whole: anchor(pattern, i.Folder), Intent: i}
		globs, err := compileGlobs(one.Whole)
		one.globs, one.Bad = globs, err != nil
		d.Declared = append(d.Declared, one)
	}
}

// anchor makes a pattern absolute. One without a slash is of any depth below the
// folder, as in a file of names to ignore.
func anchor(pattern, folder string) string {
	if strings.HasPrefix(pattern, "/") || !path.IsAbs(folder) {
		return pattern
	}
	folder = escape(path.Clean(folder))
	rest, here := strings.CutPrefix(pattern, "./")
	if here || strings.Contains(strings.TrimSuffix(pattern, "/"), "/") {
		return strings.TrimSuffix(folder, "/") + "/" + rest
	}
	return strings.TrimSuffix(folder, "/") + "/**/" + rest
}

func (d *SessionDiff) touch(q *Inquiry, seen map[string]*Touched, ordinal uint64, r uapi.Record, p []byte) {
	if len(p) == 0 {
		return
	}
	t := seen[string(p)]
	if t == nil {
		if len(seen) >= maxTouched {
			d.Over = true
			return
		}
		t = &Touched{Path: string(p), First: q.src.WallTime(ordinal, r.Ktime()), Event: r.EventID(), ordinal: ordinal}
		seen[t.Path] = t
	}
	t.Records++
}

// compare sorts what was touched by whether it was declared.
func (d *SessionDiff) compare(seen map[string]*Touched) {
	d.Paths = len(seen)
	for _, t := range seen {
		declared := false
		for _, one := range d.Declared {
			if slices.ContainsFunc(one.globs, func(g glob) bool { return g.match([]byte(t.Path)) }) {
				one.Paths++
				declared = true
			}
		}
		if !declared {
			d.Undeclared = append(d.Undeclared, t)
		}
	}
	slices.SortFunc(d.Undeclared, func(a, b *Touched) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ordinal, b.ordinal), cmp.Compare(a.Path, b.Path))
	})
}
