// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"math"

	"vexj/uapi"
)

const (
	recentKeys = 1 << 10
	// idStreams are the producers whose ids, each rising by itself, are told
	// apart.
	idStreams = 16
)

// A summary makes the zone map of one block after the other.
type summary struct {
	zone    ZoneMap
	keys    []Key
	ids     []Key // for the index alone; so are those of causes
	noIndex bool  // there will be none
	parent  uint64
	root    uint64
	lastIDs [idStreams]Key
	recent  [recentKeys]Key // a key of this block, where its hash says
	seen    [seenPaths]seenPath
	inode   uint64
	records int
}

func (s *summary) reset(first uint64) {
	s.zone = ZoneMap{First: first, MinKtime: math.MaxUint64, MinID: math.MaxUint64,
		MinSequence: math.MaxUint64, MinPID: math.MaxUint32, filter: s.zone.filter[:0]}
	s.keys, s.ids = s.keys[:0], s.ids[:0]
	clear(s.lastIDs[:])
	clear(s.recent[:])
	clear(s.seen[:])
	s.inode, s.parent, s.root = 0, 0, 0
	s.records = 0
}

// addAll adds the records in raw, each of which Append has checked, and returns
// how many there are.
func (s *summary) addAll(raw []byte) int {
	for len(raw) > 0 {
		size := int(le.Uint32(raw[recSize:]))
		s.add(raw[:size:size])
		raw = raw[size:]
	}
	return s.records
}

func (s *summary) add(rec []byte) {
	h := rec[:recHeader:recHeader]
	z := &s.zone
	s.records++

	ktime := le.Uint64(h[recKtime:])
	z.MinKtime, z.MaxKtime = min(z.MinKtime, ktime), max(z.MaxKtime, ktime)
	id := le.Uint64(h[recID:])
	z.MinID, z.MaxID = min(z.MinID, id), max(z.MaxID, id)
	seq := le.Uint64(h[recGlobal:])
	z.MinSequence, z.MaxSequence = min(z.MinSequence, seq), max(z.MaxSequence, seq)
	pid := le.Uint32(h[recPID:])
	z.MinPID, z.MaxPID = min(z.MinPID, pid), max(z.MaxPID, pid)
	word, bit := pidBit(pid)
	z.pids[word] |= bit
	word, bit = typeBit(le.Uint32(h[recType:]))
	z.types[word] |= bit
	z.Flags |= uapi.Flags(le.Uint32(h[recFlags:]))
	z.Visibility |= le.Uint64(h[recMask:])

	ours := le.Uint32(h[recVersion:]) == uapi.Version
	if !s.noIndex {
		s.addOrigins(rec, id, ours)
	}
	if ours {
		s.addAttrs(rec[recHeader : recHeader+int(le.Uint32(h[recContext:]))])
	}
}

// addOrigins adds the keys that only an index has.
func (s *summary) addOrigins(rec []byte, id uint64, ours bool) {
	// Plus one: 0 stands for none yet.
	if stream, k := id>>56%idStreams, Key(id>>idKeyBits)+1; s.lastIDs[stream] != k {
		s.lastIDs[stream] = k
		s.ids = append(s.ids, idKey(id))
	}
	s.addCauses(rec, id)
	if ours {
		switch uapi.Type(le.Uint32(rec[recType:])) {
		case uapi.FSRename, uapi.ProcFork, uapi.ProcExec:
			s.addBeginning(rec)
		}
	}
}

// addCauses adds what the record comes of; those of a whole block are mostly the
// same.
func (s *summary) addCauses(h []byte, id uint64) {
	if parent := le.Uint64(h[recParent:]); parent != 0 && parent != s.parent {
		s.parent = parent
		s.addIndexKey(ParentKey(parent))
	}
	if root := le.Uint64(h[recRoot:]); root != 0 && root != id && root != s.root {
		s.root = root
		s.addIndexKey(RootKey(root))
	}
}

// addBeginning adds of which process, or of which folder's new name, the record is
// the beginning.
func (s *summary) addBeginning(r uapi.Record) {
	switch r.Type() {
	case uapi.ProcExec:
		s.addIndexKey(BegunKey(r.PID()))
	case uapi.ProcFork:
		if c, ok := r.Child(); ok && c.Thread == 0 {
			s.addIndexKey(BegunKey(c.PID))
		}
	default:
		if f, ok := r.File(); !ok || f.Mode&modeType == modeDir {
			s.addIndexKey(MovedKey(r.Path()))
			s.addIndexKey(MovedKey(r.Path2()))
		}
	}
}

// The type in the mode of a file.
const (
	modeType = 0o170000
	modeDir  = 0o040000
)

// addAttrs takes what it knows from the context. One that is malformed adds
// what comes before the fault, as a reader of the record would see it.
func (s *summary) addAttrs(c []byte) {
	for len(c) >= 4 {
		head := le.Uint32(c)
		n := int(head >> 16)
		end := 4 + (n+3)&^3
		if end > len(c) {
			return
		}
		v := c[4 : 4+n]
		switch uapi.Tag(head & 0xffff) {
		case uapi.AttrFile, uapi.AttrFile2:
			if n >= 16 {
				s.addInode(le.Uint64(v[8:]))
			}
		case uapi.AttrPath, uapi.AttrPath2:
			s.addPath(v)
		case uapi.AttrAgentID:
			s.addKey(bytesKey(domainAgent, v))
		case uapi.AttrSession:
			if n == 8 {
				s.addKey(numberKey(domainSession, le.Uint64(v)))
			}
		}
		c = c[end:]
	}
}

func (s *summary) addInode(inode uint64) {
	if inode != s.inode {
		s.inode = inode
		s.addKey(numberKey(domainInode, inode))
	}
}

// addPath adds the path and each directory above it, and returns what pathKey
// says of it.
func (s *summary) addPath(path []byte) uint64 {
	if len(path) == 0 {
		return domainPath
	}
	seen := &s.seen[pathSlot(path)]
	if bytes.Equal(seen.path, path) {
		return seen.hash
	}
	// The last component, with the slash before it unless that is all.
	i := bytes.LastIndexByte(path[1:], '/') + 1
	h := foldBytes(s.addPath(path[:i]), path[i:])
	s.addKey(Key(h))
	*seen = seenPath{path, h}
	return h
}

// A seenPath is in the filter already, as are the directories above it.
type seenPath struct {
	path []byte // shares memory with the block
	hash uint64
}

const seenPaths = 1 << 9

// pathSlot mixes the ends of a path, which differ most.
func pathSlot(path []byte) int {
	n := len(path)
	h := uint64(n)
	if n >= 8 {
		h ^= le.Uint64(path[n-8:])
	}
	if n >= 16 {
		h += le.Uint64(path[n-16:]) >> 7
	}
	return int(h * foldPrime >> (64 - 9))
}

func (s *summary) addKey(k Key) {
	if s.fresh(k) {
		s.keys = append(s.keys, k)
	}
}

func (s *summary) addIndexKey(k Key) {
	if s.fresh(k) {
		s.ids = append(s.ids, k)
	}
}

// fresh: the key was not just added. Most are among the last few: what slips
// through costs a few bits.
func (s *summary) fresh(k Key) bool {
	slot := &s.recent[uint64(k)>>40%recentKeys]
	if *slot == k {
		return false
	}
	*slot = k
	return true
}

// finish returns the zone map of what was added since reset. It is overwritten
// by the next one.
func (s *summary) finish() *ZoneMap {
	z := &s.zone
	z.Last = z.First + uint64(s.records) - 1
	n := filterSize(len(s.keys))
	z.filter = grow(z.filter[:0], n)[:n]
	clear(z.filter)
	for _, k := range s.keys {
		z.filter.add(k)
	}
	return z
}
