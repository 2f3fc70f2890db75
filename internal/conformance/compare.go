// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"vexj/uapi"
)

// ErrMismatch is what Compare's errors wrap: the records are not those wanted.
var ErrMismatch = errors.New("the records are not those that the row states")

// Compare returns nil if got are exactly the records of want, in that order,
// and otherwise an error that wraps ErrMismatch and shows both side by side.
// The wants are those of a Result: their paths are absolute. Fields named in
// blind are not compared.
func Compare(want []Want, got []uapi.Record, blind ...string) error {
	return compare(want, got, false, blind)
}

// CompareUnordered is Compare for records of concurrent actors.
func CompareUnordered(want []Want, got []uapi.Record, blind ...string) error {
	return compare(want, got, true, blind)
}

func compare(want []Want, got []uapi.Record, unordered bool, blind []string) error {
	pair := align
	if unordered {
		pair = match
	}
	c := comparer{blind: blind, objects: map[string]object{}}
	equal := true
	var out strings.Builder
	for _, p := range pair(want, got) {
		lines, ok := c.line(want, got, p)
		equal = equal && ok
		out.WriteString(lines)
	}
	if equal {
		return nil
	}
	return fmt.Errorf("%w (- missing, + besides, ~ differs)\n%s", ErrMismatch, out.String())
}

// pairing is one line of the comparison: indices of want and got, -1 for none.
type pairing struct{ want, got int }

// object is an identity that no other living or dead object shares.
type object struct {
	major, minor uint32
	inode        uint64
	generation   uint32
}

func objectOf(f uapi.File) object {
	return object{f.DevMajor, f.DevMinor, f.Inode, f.Generation}
}

type comparer struct {
	blind   []string
	objects map[string]object
	ids     []uint64 // event ids by index in want
	roots   []uint64
}

func (c *comparer) sees(field string) bool { return !slices.Contains(c.blind, field) }

// line prints one pairing and says whether it is as wanted.
func (c *comparer) line(want []Want, got []uapi.Record, p pairing) (string, bool) {
	switch {
	case p.got < 0:
		c.ids, c.roots = append(c.ids, 0), append(c.roots, 0)
		return fmt.Sprintf("  - %s\n", want[p.want].title()), false
	case p.want < 0:
		return fmt.Sprintf("  + %s\n", title(got[p.got])), false
	}
	w, r := want[p.want], got[p.got]
	diffs := c.differences(w, r)
	c.ids, c.roots = append(c.ids, r.EventID()), append(c.roots, r.RootCause())
	if len(diffs) == 0 {
		return fmt.Sprintf("    %s\n", w.title()), true
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  ~ %s\n", w.title())
	for _, d := range diffs {
		fmt.Fprintf(&b, "        %s\n", d)
	}
	return b.String(), false
}

// differences tells what in r is not as w demands.
func (c *comparer) differences(w Want, r uapi.Record) []string {
	var diffs []string
	differ := func(field, want, got string) {
		if c.sees(field) {
			diffs = append(diffs, fmt.Sprintf("%s: want %s, got %s", field, want, got))
		}
	}
	if r.Type() != w.Type {
		differ("type", w.Type.String(), r.Type().String())
	}
	if !w.pathMatches(r) {
		differ("path", fmt.Sprintf("%q", w.Path), fmt.Sprintf("%q", r.Path()))
	}
	if !w.anyPath2 && w.Path2 != string(r.Path2()) {
		differ("path2", fmt.Sprintf("%q", w.Path2), fmt.Sprintf("%q", r.Path2()))
	}
	for _, f := range w.fields {
		if f.field == "result" && w.Type == uapi.FSOpen && !c.sees("open.result") && !strings.HasPrefix(f.value, "-") {
			f.value = ">=0" // it is the descriptor
		}
		if got := fields[f.field](r); !w.accepts(f, got, r) {
			differ(f.field, f.value, got)
		}
	}
	file, has := r.File()
	c.identify("file", w.obj, w.inode, file, has, differ)
	file2, has := r.File2()
	c.identify("file2", w.obj2, 0, file2, has, differ)
	c.causes(w, r, differ)
	return diffs
}

func (w Want) accepts(f expect, got string, r uapi.Record) bool {
	switch {
	case f.value == "*":
		return true
	case f.value == ">=0":
		return got != absent && !strings.HasPrefix(got, "-")
	case f.field == "flags":
		may := w.may
		if w.cut(r) {
			may |= uapi.FlagPathTruncated
		}
		return r.Flags()&watchedFlags&^may == w.flags&^may
	}
	return f.value == got
}

func (w Want) pathMatches(r uapi.Record) bool {
	got := string(r.Path())
	if r.Flags().Has(uapi.FlagFailed | uapi.FlagPathUnresolved) {
		got = filepath.Clean(got)
	}
	switch {
	case w.anyPath, got == w.Path:
		return true
	case w.glob:
		ok, err := filepath.Match(w.Path, got)
		return err == nil && ok
	case w.mayCut || w.flags.Has(uapi.FlagPathTruncated):
		return w.cut(r)
	}
	return false
}

// cut says whether r has the end of the path, marked as such.
func (w Want) cut(r uapi.Record) bool {
	tail, ok := strings.CutPrefix(string(r.Path()), "...")
	return ok && (w.mayCut || w.flags.Has(uapi.FlagPathTruncated)) &&
		r.Flags().Has(uapi.FlagPathTruncated) &&
		strings.HasPrefix(tail, "/") && len(tail) > 1 && strings.HasSuffix(w.Path, tail)
}

// identify holds the objects of a row apart and together by their labels.
func (c *comparer) identify(field, label string, inode int64, f uapi.File, has bool, differ func(field, want, got string)) {
	if label == "" {
		return
	}
	if !has {
		differ(field, "object "+label, absent)
		return
	}
	o := objectOf(f)
	if inode != 0 && uint64(inode) != o.inode {
		differ(field, fmt.Sprintf("inode %d (%s)", inode, label), fmt.Sprintf("inode %d", o.inode))
	}
	if known, ok := c.objects[label]; ok && known != o {
		differ(field, fmt.Sprintf("%+v (%s)", known, label), fmt.Sprintf("%+v", o))
	}
	for other, known := range c.objects {
		if other != label && known == o {
			differ(field, "an object of its own for "+label, "that of "+other)
		}
	}
	c.objects[label] = o
}

func (c *comparer) causes(w Want, r uapi.Record, differ func(field, want, got string)) {
	parent, root := uint64(0), r.EventID()
	if i := len(c.ids) - w.causedBy; w.causedBy > 0 && i >= 0 {
		parent, root = c.ids[i], c.roots[i]
	}
	if r.Parent() != parent {
		differ("parent_event_id", fmt.Sprintf("%#x", parent), fmt.Sprintf("%#x", r.Parent()))
	}
	if r.RootCause() != root {
		differ("root_cause_event_id", fmt.Sprintf("%#x", root), fmt.Sprintf("%#x", r.RootCause()))
	}
}
