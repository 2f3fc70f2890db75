// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"strings"
	"testing"
)

// Every known value has a word of its own that parses back.
func TestNamesRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for _, ty := range Types() {
		s := ty.String()
		if got, ok := ParseType(s); !ok || got != ty || seen[s] {
			t.Errorf("type %#x prints as %q, which parses as %#x, %v (seen before: %v)", uint32(ty), s, uint32(got), ok, seen[s])
		}
		seen[s] = true
	}
	for _, c := range Categories() {
		s := c.String()
		// Filters take types and categories in one list.
		if got, ok := ParseCategory(s); !ok || got != c || seen[s] {
			t.Errorf("category %#x prints as %q, which parses as %#x, %v (seen before: %v)", uint32(c), s, uint32(got), ok, seen[s])
		}
		seen[s] = true
	}
	for bit := range 32 {
		f := Flags(1) << bit
		got, ok := ParseFlag(f.String())
		if flagNames[bit] != "" && (!ok || got != f) {
			t.Errorf("flag %#x prints as %q, which parses as %#x, %v", uint32(f), f, uint32(got), ok)
		}
	}
	for _, tag := range Tags() {
		if got, ok := ParseTag(tag.String()); !ok || got != tag {
			t.Errorf("tag %d prints as %q, which parses as %d, %v", uint16(tag), tag, uint16(got), ok)
		}
	}
	for p := ProducerKmod; p <= ProducerJournal; p++ {
		if got, ok := ParseProducer(p.String()); !ok || got != p {
			t.Errorf("producer %d prints as %q, which parses as %d, %v", uint32(p), p, uint32(got), ok)
		}
	}
}

func TestSlots(t *testing.T) {
	seen := map[int]Type{0: 0}
	for _, typ := range Types() {
		n := typ.Slot()
		if other, ok := seen[n]; ok || n < 0 || n >= TypeSlots {
			t.Errorf("%s has the slot %d, as %s", typ, n, other)
		}
		seen[n] = typ
	}
	for _, typ := range []Type{0, 0xff, 0x0900, 0x0120, 0x0160, 0x0180, 0x10101, 0xffffffff} {
		if n := typ.Slot(); n != 0 {
			t.Errorf("%#x has the slot %d", uint32(typ), n)
		}
	}
}

// TestNamesCoverHeader: a constant without a word would print as a number.
func TestNamesCoverHeader(t *testing.T) {
	word := func(prefix string, v int64) (string, bool) {
		switch prefix {
		case "FS", "GRAPH", "VECTOR", "AGENT", "SYS", "SEM", "PROC", "OBS":
			return Type(v).String(), true
		case "CAT":
			return Category(v).String(), true
		case "F":
			return Flags(v).String(), true
		case "ATTR":
			return Tag(v).String(), true
		case "VIA":
			return Via(v).String(), true
		case "PRODUCER":
			return Producer(v).String(), true
		case "LOST":
			return Cause(v).String(), v < LostCauses
		case "PRIORITY":
			return Priority(v).String(), true
		case "ELEM":
			return Elem(v).String(), true
		case "METRIC":
			return Metric(v).String(), true
		}
		return "", false
	}
	for c, v := range compileLayout(t, readHeader(t)).constants {
		prefix, _, _ := strings.Cut(strings.TrimPrefix(c, "VEXJ_"), "_")
		if w, ok := word(prefix, v); ok && (w == "" || w[0] <= '9') {
			t.Errorf("%s = %#x has no word: it prints as %q", c, v, w)
		}
	}
}

func TestNamesOfTheUnknown(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{Type(0x0100).String(), "0x0100"},
		{Type(0x0153).String(), "0x0153"},
		{Type(0xfffffffe).String(), "0xfffffffe"},
		{Category(0x0900).String(), "0x0900"},
		{Category(0x0101).String(), "0x0101"},
		{Flags(0).String(), ""},
		{Flags(0x80000000).String(), "0x80000000"},
		{(FlagAtomic | FlagFailed | 0x40000000).String(), "atomic|failed|0x40000000"},
		{Tag(0).String(), "0"},
		{Tag(38).String(), "38"},
		{Tag(0xffff).String(), "65535"},
		{Via(200).String(), "200"},
		{Producer(0).String(), "0"},
		{Producer(255).String(), "255"},
		{Cause(9).String(), "9"},
		{Priority(0).String(), "0"},
		{Errno(0).String(), "OK"},
		{Errno(2).String(), "ENOENT"},
		{Errno(28).String(), "ENOSPC"},
		{Errno(512).String(), "ERESTARTSYS"},
		{Errno(4000).String(), "4000"},
		{Errno(1 << 63).String(), "9223372036854775808"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
	for _, s := range []string{"", "Create", "0x", "0x1ffffffff", "filesystem"} {
		if got, ok := ParseType(s); ok {
			t.Errorf("ParseType(%q) = %#x", s, uint32(got))
		}
	}
	if got, ok := ParseType("0x0142"); !ok || got != FSMknod {
		t.Errorf("ParseType(0x0142) = %v, %v", got, ok)
	}
}

func TestKindNames(t *testing.T) {
	for _, tc := range []struct {
		t    Type
		kind uint16
		want string
	}{
		{FSWrite, 0, ""},
		{FSWrite, 7, "0x7"},
		{FSMmapWrite, MmapMapped, "mapped"},
		{FSMmapWrite, MmapDirtied, "dirtied"},
		{FSMmapWrite, 3, "0x3"},
		{FSLock, LockOFD, "ofd"},
		{FSFsync, FsyncAll, ""},
		{FSFsync, FsyncData, "data"},
		{FSRename, 2, "exchange"},
		{FSRename, 5, "noreplace|whiteout"},
		{FSFallocate, 3, "keep-size|punch-hole"},
		{FSFallocate, 0x8001, "keep-size|0x8000"},
	} {
		s := MakeSubtype(ViaUring, tc.kind)
		if got := s.KindName(tc.t); got != tc.want || s.Via() != ViaUring || s.Kind() != tc.kind {
			t.Errorf("%s kind %#x: got %q via %s, want %q", tc.t, tc.kind, got, s.Via(), tc.want)
		}
	}
}
