// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// An index finds the slot of an id: a hash table in a file that is written once,
// and what was changed since in a map. It keeps ids whose vectors were deleted:
// their slots say so.
//
// It goes with the files of one generation, and lives as long as one of their
// mappings does.
type index struct {
	holds atomic.Int64
	mu    sync.RWMutex
	delta map[uint64]uint32

	table   []byte // entries of 16 bytes, a power of two of them; nil: none
	whole   []byte
	shift   uint
	covered uint64 // slots before this one are in the table, or were ended by a later one
	number  uint64 // of the file
	name    string
	unused  error // why the file is not used, though there is one
}

const (
	entrySize = 16
	// maxDelta is how many ids are left to be looked up again when a store is
	// opened: less than a millisecond's worth.
	maxDelta = 4096
)

func indexName(dir string, generation, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%s.%08d.%08d", kindNames[indexKind], generation, number))
}

// home is where the search for an id begins: Fibonacci hashing, Knuth, The Art of
// Computer Programming 6.4, of the id with its bits mixed.
func home(id uint64, shift uint) uint64 {
	id ^= id >> 32
	return id * 0x9e3779b97f4a7c15 >> shift
}

func entrySum(b []byte) uint32 { return sum(b[:12]) }

// find returns the last slot of an id.
func (x *index) find(id uint64) (n uint32, ok bool, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if n, ok := x.delta[id]; ok {
		return n, true, nil
	}
	if x.table == nil {
		return 0, false, nil
	}
	entries := uint64(len(x.table) / entrySize)
	le := binary.LittleEndian
	for i, left := home(id, x.shift), entries; left > 0; i, left = (i+1)&(entries-1), left-1 {
		e := x.table[i*entrySize:][:entrySize]
		got, slot := le.Uint64(e), le.Uint64(e[8:])
		if got == 0 && slot == 0 {
			return 0, false, nil
		}
		if uint32(slot>>32) != entrySum(e) {
			return 0, false, &DamageError{x.name, int64(pageSize + i*entrySize), "the checksum of an entry is wrong"}
		}
		if got == id {
			return uint32(slot), true, nil
		}
	}
	return 0, false, nil
}

func (x *index) put(id uint64, n uint32) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.delta[id] = n
}

func (x *index) pending() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.delta)
}

// newIndex is empty, and held once.
func newIndex() *index {
	x := &index{delta: map[uint64]uint32{}}
	x.holds.Store(1)
	return x
}

// openIndex maps the index of a checkpoint. If it is not there or not whole, what
// is returned covers nothing.
func openIndex(fsys FS, dir string, c *checkpoint) (*index, error) {
	x := newIndex()
	if c.index == 0 {
		return x, nil
	}
	x.name = indexName(dir, c.generation, c.index)
	f, err := fsys.Open(x.name)
	if errors.Is(err, fs.ErrNotExist) {
		x.unused = &DamageError{x.name, 0, "it is not there"}
		return x, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	page, err := checkPage(f, x.name, indexKind, c)
	if errors.Is(err, ErrDamaged) {
		x.unused = err
		return x, nil
	}
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	covered, log := le.Uint64(page[40:]), le.Uint64(page[48:])
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if covered != c.covered || log < 4 || log > 33 || size != int64(pageSize+entrySize<<log) {
		x.unused = &DamageError{x.name, size, "it is not as large as its first page says"}
		return x, nil
	}
	if x.whole, err = f.Map(int(size), false); err != nil {
		return nil, err
	}
	x.table, x.shift, x.covered, x.number = x.whole[pageSize:], uint(64-log), covered, c.index
	return x, nil
}

// verify holds the whole table against its checksum.
func (x *index) verify() error {
	if x.table == nil {
		return x.unused
	}
	if want := binary.LittleEndian.Uint64(x.whole[56:]); uint64(sum(x.table)) != want {
		return &DamageError{x.name, pageSize, "the checksum of the table is wrong"}
	}
	return nil
}

// drop lets go; the last one unmaps it.
func (x *index) drop() error {
	if x.holds.Add(-1) == 0 {
		return unmap(x.whole)
	}
	return nil
}

// writeIndex makes the file for all slots of the mapping, of which there are so
// many, and syncs it.
func writeIndex(fsys FS, dir string, c *checkpoint, m *mapping, slots uint32, number uint64) (err error) {
	ids := 0
	for n := range slots {
		if d := loadDeath(m.slotBytes(n)); d == 0 || !d.update() {
			ids++
		}
	}
	log := max(4, bits.Len(uint(2*ids)))
	table := make([]byte, entrySize<<log)
	mask, shift := uint64(1)<<log-1, uint(64-log)
	le := binary.LittleEndian
	for n := range slots {
		d, err := m.death(n)
		if err != nil {
			return err
		}
		if d != 0 && d.update() {
			continue
		}
		s, err := m.slot(n)
		if err != nil {
			return err
		}
		i := home(s.id, shift)
		for {
			e := table[i*entrySize:]
			if got := le.Uint64(e); got == 0 || got == s.id {
				break
			}
			i = (i + 1) & mask
		}
		// Of an id that was deleted and made again the later slot comes later.
		e := table[i*entrySize:][:entrySize]
		le.PutUint64(e, s.id)
		le.PutUint32(e[8:], n)
		le.PutUint32(e[12:], entrySum(e))
	}
	name := indexName(dir, c.generation, number)
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	page := firstPage(indexKind, c, uint64(slots), uint64(log), uint64(sum(table)))
	if _, err := f.WriteAt(page, 0); err != nil {
		return err
	}
	if _, err := f.WriteAt(table, pageSize); err != nil {
		return err
	}
	return f.Sync()
}
