// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Subtype is an event_subtype: a [Via] and a kind whose meaning depends on the
// [Type].
type Subtype uint32

const (
	MmapMapped  = 1
	MmapDirtied = 2

	LockPosix = 1
	LockFlock = 2
	LockOFD   = 3

	FsyncAll   = 0
	FsyncData  = 1
	FsyncRange = 2
)

// MakeSubtype is VEXJ_SUBTYPE.
func MakeSubtype(via Via, kind uint16) Subtype {
	return Subtype(via)<<16 | Subtype(kind)
}

// Via is VEXJ_SUBTYPE_VIA.
func (s Subtype) Via() Via { return Via(s >> 16) }

// Kind is VEXJ_SUBTYPE_KIND.
func (s Subtype) Kind() uint16 { return uint16(s) }

var kindNames = map[Type][]string{
	FSMmapWrite: {MmapMapped: "mapped", MmapDirtied: "dirtied"},
	FSLock:      {LockPosix: "posix", LockFlock: "flock", LockOFD: "ofd"},
	FSFsync:     {FsyncData: "data", FsyncRange: "range"},
}

type kindBit struct {
	mask uint16
	name string
}

var kindBits = map[Type][]kindBit{
	FSRename: {
		{unix.RENAME_NOREPLACE, "noreplace"},
		{unix.RENAME_EXCHANGE, "exchange"},
		{unix.RENAME_WHITEOUT, "whiteout"},
	},
	FSFallocate: {
		{unix.FALLOC_FL_KEEP_SIZE, "keep-size"},
		{unix.FALLOC_FL_PUNCH_HOLE, "punch-hole"},
		{unix.FALLOC_FL_NO_HIDE_STALE, "no-hide-stale"},
		{unix.FALLOC_FL_COLLAPSE_RANGE, "collapse-range"},
		{unix.FALLOC_FL_ZERO_RANGE, "zero-range"},
		{unix.FALLOC_FL_INSERT_RANGE, "insert-range"},
		{unix.FALLOC_FL_UNSHARE_RANGE, "unshare-range"},
	},
}

// KindName returns the words for the kind of a record of type t, "" for kind 0
// and a hexadecimal number for what has no word.
func (s Subtype) KindName(t Type) string {
	kind := s.Kind()
	if names := kindNames[t]; int(kind) < len(names) {
		return names[kind]
	}
	var words []string
	for _, b := range kindBits[t] {
		if kind&b.mask != 0 {
			words = append(words, b.name)
			kind &^= b.mask
		}
	}
	if kind != 0 {
		words = append(words, fmt.Sprintf("0x%x", kind))
	}
	return strings.Join(words, "|")
}
