// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vexj/uapi"
)

// order sorts records as a journal has them: by global_sequence, or by ktime
// where the producer has none.
func order(recs []uapi.Record) {
	slices.SortStableFunc(recs, func(a, b uapi.Record) int {
		if a.GlobalSequence() != 0 && b.GlobalSequence() != 0 {
			return cmp.Compare(a.GlobalSequence(), b.GlobalSequence())
		}
		return cmp.Compare(a.Ktime(), b.Ktime())
	})
}

// Normalise tells records of one row in words that two producers must agree on,
// a line each: ids, times and the producer are left out, processes, threads,
// namespaces and objects are numbered in the order in which they appear, and
// base, the directory of the run, becomes "BASE".
func Normalise(recs []uapi.Record, base string) []string {
	n := normaliser{base: base, numbers: map[string]map[any]int{}}
	back := map[uint64]int{}
	var out []string
	for i, r := range recs {
		line := n.line(r)
		if at, ok := back[r.Parent()]; ok {
			line += fmt.Sprintf(" caused-by=-%d", i-at)
		}
		back[r.EventID()] = i
		out = append(out, line)
	}
	return out
}

// largeFile is the kernel's O_LARGEFILE, which x/sys has as 0 for amd64.
const largeFile = 0x8000

type normaliser struct {
	base    string
	numbers map[string]map[any]int
}

// number names v within kind: the first is 1.
func (n *normaliser) number(kind string, v any) string {
	known := n.numbers[kind]
	if known == nil {
		known = map[any]int{}
		n.numbers[kind] = known
	}
	if _, ok := known[v]; !ok {
		known[v] = len(known) + 1
	}
	return fmt.Sprintf("%s%d", kind, known[v])
}

func (n *normaliser) path(p []byte) string {
	s := string(p)
	if rest, ok := strings.CutPrefix(s, n.base); ok && (rest == "" || rest[0] == '/') {
		s = "BASE" + rest
	}
	return fmt.Sprintf("%q", s)
}

func (n *normaliser) line(r uapi.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s via=%s kind=%d by=%s", r.Type(), r.Subtype().Via(), r.Subtype().Kind(), n.number("process", r.PID()))
	if f := r.Flags() & watchedFlags; f != 0 {
		fmt.Fprintf(&b, " flags=%s", f)
	}
	// Their order means nothing.
	attrs := maps.Collect(r.Attrs())
	for _, tag := range slices.Sorted(maps.Keys(attrs)) {
		if text := n.attr(r, tag, attrs[tag]); text != "" {
			b.WriteString(" " + text)
		}
	}
	return b.String()
}

// attr tells one attribute; "" for what cannot be compared.
func (n *normaliser) attr(r uapi.Record, tag uapi.Tag, value []byte) string {
	switch tag {
	case uapi.AttrPath:
		return "path=" + n.path(value)
	case uapi.AttrPath2:
		return "path2=" + n.path(value)
	case uapi.AttrTask:
		a, _ := r.Task()
		thread := "thread"
		// Which thread of io_uring's does it is nobody's promise.
		if r.Subtype().Via() != uapi.ViaUring {
			thread = n.number("thread", a.TID)
		}
		return fmt.Sprintf("task=%s,uid=%d,gid=%d,%s,%s", thread, a.UID, a.GID,
			n.number("mntns", a.MntNS), n.number("pidns", a.PidNS))
	case uapi.AttrFile:
		a, _ := r.File()
		return "file=" + n.file(a)
	case uapi.AttrFile2:
		a, _ := r.File2()
		return "file2=" + n.file(a)
	case uapi.AttrIO:
		a, _ := r.IO()
		if r.Type() == uapi.FSMmapWrite && a.Result > 0 {
			a.Result = 1 // an address
		}
		return fmt.Sprintf("io=%d+%d=%d", a.Offset, a.Length, a.Result)
	case uapi.AttrParent:
		a, _ := r.Parents()
		return fmt.Sprintf("dirs=%s,%s", n.number("dir", a.Inode), n.number("dir", a.Inode2))
	case uapi.AttrChild:
		a, _ := r.Child()
		return fmt.Sprintf("child=%s,%d", n.number("process", a.PID), a.Thread)
	case uapi.AttrTimes:
		return "times"
	case uapi.AttrOpen:
		a, _ := r.Open()
		// 64-bit kernels add it to the flags of every call.
		return fmt.Sprintf("open=%#x,%#o,%d", a.Flags&^largeFile, a.Mode, a.FD)
	}
	return fmt.Sprintf("%s=%q", tag, value)
}

func (n *normaliser) file(f uapi.File) string {
	size := fmt.Sprint(f.Size)
	if f.Mode&0o170000 == 0o040000 {
		size = "*" // a directory's is the filesystem's affair
	}
	return fmt.Sprintf("%s,%#o,%s,%d", n.number("object", objectOf(f)), f.Mode, size, f.Nlink)
}
