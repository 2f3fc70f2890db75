// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// A mapping is the files of a generation in memory, with room to grow. Whoever
// looks at it holds it: the last to let go unmaps it. When the files outgrow it
// there is another one, and views go on with theirs.
type mapping struct {
	dir        string
	generation uint64
	stride     int
	row        int // bytes of a vector

	rows, slots, texts []byte // without the first pages, with room behind the end
	whole              [3][]byte

	// seen has a bit for each slot whose checksums were found to be right since
	// the store was opened, or that was written since: in chunks, which mappings
	// of one generation share.
	seen  *seenSlots
	index *index

	holds atomic.Int64
}

const (
	minReserve = 64 << 20 // bytes of addresses
	chunkSlots = 1 << 16
)

// A seenSlots grows by chunks; a chunk stays where it is.
type seenSlots struct {
	mu     sync.Mutex
	chunks atomic.Pointer[[]*[chunkSlots / 64]atomic.Uint64]
}

func (s *seenSlots) reserve(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var old []*[chunkSlots / 64]atomic.Uint64
	if p := s.chunks.Load(); p != nil {
		old = *p
	}
	want := (n + chunkSlots - 1) / chunkSlots
	if want <= len(old) {
		return
	}
	grown := make([]*[chunkSlots / 64]atomic.Uint64, max(want, 2*len(old)))
	copy(grown, old)
	for i := len(old); i < len(grown); i++ {
		grown[i] = new([chunkSlots / 64]atomic.Uint64)
	}
	s.chunks.Store(&grown)
}

func (s *seenSlots) word(n uint32) *atomic.Uint64 {
	return &(*s.chunks.Load())[n/chunkSlots][n%chunkSlots/64]
}

func (s *seenSlots) has(n uint32) bool { return s.word(n).Load()>>(n%64)&1 != 0 }
func (s *seenSlots) add(n uint32)      { s.word(n).Or(1 << (n % 64)) }

// mapFiles maps the files, with room for so many slots and bytes of text at
// least, and is held once.
func mapFiles(f *files, dir string, c *checkpoint, slots, texts uint64, seen *seenSlots, x *index, write bool) (*mapping, error) {
	m := &mapping{
		dir: dir, generation: c.generation, stride: c.config.stride(), row: c.config.rowSize(), seen: seen, index: x,
	}
	x.holds.Add(1)
	reserve := func(n uint64) int {
		n += pageSize
		if !write {
			return int((n + pageSize - 1) &^ (pageSize - 1))
		}
		return int(max(minReserve, (2*n+pageSize-1)&^(pageSize-1)))
	}
	for i, one := range []struct {
		file  File
		size  uint64
		part  *[]byte
		write bool
	}{
		{f.rows, slots * uint64(m.stride), &m.rows, false},
		{f.slots, slots * slotSize, &m.slots, write},
		{f.texts, texts, &m.texts, false},
	} {
		mem, err := one.file.Map(reserve(one.size), one.write)
		if err != nil {
			return nil, errors.Join(err, m.unmap())
		}
		m.whole[i], *one.part = mem, mem[pageSize:]
	}
	seen.reserve(int(min(uint64(len(m.slots)/slotSize), uint64(len(m.rows)/m.stride))))
	m.holds.Store(1)
	return m, nil
}

// room: so many slots and bytes of text are mapped.
func (m *mapping) room(slots, texts uint64) bool {
	return slots*slotSize <= uint64(len(m.slots)) && slots*uint64(m.stride) <= uint64(len(m.rows)) && texts <= uint64(len(m.texts))
}

// hold keeps the mapping from being unmapped; false if it is already.
func (m *mapping) hold() bool {
	for {
		n := m.holds.Load()
		if n == 0 {
			return false
		}
		if m.holds.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// drop lets go.
func (m *mapping) drop() {
	if m.holds.Add(-1) == 0 {
		// It cannot fail: the memory is what Map returned.
		_ = m.unmap()
	}
}

func (m *mapping) unmap() error {
	var errs []error
	for _, mem := range m.whole {
		errs = append(errs, unmap(mem))
	}
	errs = append(errs, m.index.drop())
	return errors.Join(errs...)
}

func (m *mapping) slotBytes(n uint32) []byte { return m.slots[int(n)*slotSize:][:slotSize] }

// rowBytes is the vector of a slot; nothing of it was checked.
func (m *mapping) rowBytes(n uint32) []byte { return m.rows[int(n)*m.stride:][:m.row] }

func (m *mapping) damaged(kind fileKind, offset int64, format string, a ...any) error {
	return &DamageError{fileName(m.dir, kind, m.generation), pageSize + offset, fmt.Sprintf(format, a...)}
}

// death is when the slot ended, 0 if it has not.
func (m *mapping) death(n uint32) (death, error) {
	d := loadDeath(m.slotBytes(n))
	if d != 0 && !d.sound() {
		return 0, m.damaged(slotsKind, int64(n)*slotSize+deathAt, "the end of slot %d is none", n)
	}
	return d, nil
}

// check sees that slot and row are what was written, the first time they are
// looked at.
func (m *mapping) check(n uint32) error {
	if m.seen.has(n) {
		return nil
	}
	var s slot
	if !s.get(m.slotBytes(n)) {
		return m.damaged(slotsKind, int64(n)*slotSize, "the checksum of slot %d is wrong", n)
	}
	if sum(m.rowBytes(n)) != s.rowSum {
		return m.damaged(rowsKind, int64(n)*int64(m.stride), "the checksum of the vector in slot %d, id %d, is wrong", n, s.id)
	}
	m.seen.add(n)
	return nil
}

// slot reads one, checked.
func (m *mapping) slot(n uint32) (s slot, err error) {
	if !s.get(m.slotBytes(n)) {
		return s, m.damaged(slotsKind, int64(n)*slotSize, "the checksum of slot %d is wrong", n)
	}
	return s, nil
}

// meta reads what the slot says of its vector.
func (m *mapping) meta(n uint32, s *slot, texts uint64) (Meta, error) {
	end := s.textAt + uint64(s.textLen())
	if end > texts || end < s.textAt {
		return Meta{}, m.damaged(slotsKind, int64(n)*slotSize, "slot %d has a text beyond the end of the texts", n)
	}
	text := m.texts[s.textAt:end]
	if sum(text) != s.textSum {
		return Meta{}, m.damaged(textsKind, int64(s.textAt), "the checksum of the path and tags of slot %d, id %d, is wrong", n, s.id)
	}
	return Meta{Dev: s.dev, Inode: s.inode, Path: string(text[:s.pathLen]), Tags: string(text[s.pathLen:])}, nil
}

// id is that of a slot that was checked.
func (m *mapping) id(n uint32) uint64 { return binary.LittleEndian.Uint64(m.slotBytes(n)) }
