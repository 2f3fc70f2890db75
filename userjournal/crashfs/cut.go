// SPDX-License-Identifier: Apache-2.0

package crashfs

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
)

// Sector is what a disk writes as a whole, in bytes.
const Sector = 512

// A Mode is what becomes of that which was not synced.
type Mode int

const (
	// Lost: none of it was on the disk yet.
	Lost Mode = iota
	// Kept: all of it was.
	Kept
	// Ordered: some of it was, in the order in which it was done, and of the
	// last write some sectors from its start.
	Ordered
	// Scrambled: any of it was, sector by sector.
	Scrambled
)

// Modes are all of them.
var Modes = []Mode{Lost, Kept, Ordered, Scrambled}

func (m Mode) String() string { return [...]string{"lost", "kept", "ordered", "scrambled"}[m] }

type kind int

const (
	write kind = iota
	truncate
	syncFile
	create
	rename
	remove
	syncDir
)

// A step is one thing that was done.
type step struct {
	kind   kind
	inode  *inode
	name   string
	to     string // of a rename
	offset int64
	data   []byte
	size   int64 // of the file then
}

func (s step) String() string {
	what := [...]string{"write", "truncate", "sync", "create", "rename", "remove", "sync directory"}[s.kind]
	switch s.kind {
	case write:
		return fmt.Sprintf("%s %s %d+%d", what, s.name, s.offset, len(s.data))
	case truncate:
		return fmt.Sprintf("%s %s %d", what, s.name, s.size)
	case rename:
		return fmt.Sprintf("%s %s %s", what, s.name, s.to)
	}
	return what + " " + s.name
}

// A disk is what is durable, and the steps that are not.
type disk struct {
	names   map[string]*inode
	data    map[*inode][]byte
	pending []step
	random  *rand.Rand
}

// Cut returns what the disk holds if the power fails when so many steps were done:
// that which was synced, and of the rest what the mode and, where it leaves a
// choice, the seed say. It is another filesystem, with no past.
func (f *FS) Cut(steps int, mode Mode, seed uint64) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := &disk{names: maps.Clone(f.base), data: map[*inode][]byte{}, random: rand.New(rand.NewPCG(seed, uint64(steps)))}
	for i, data := range f.data {
		d.data[i] = slices.Clone(data)
	}
	for _, s := range f.log[:steps] {
		d.do(s)
	}
	d.fail(mode)
	files := make(map[string][]byte, len(d.names))
	for name, i := range d.names {
		files[name] = d.data[i]
	}
	return with(files, maps.Clone(f.dirs))
}

func (d *disk) do(s step) {
	switch s.kind {
	case syncFile:
		d.settle(func(p step) bool { return p.inode == s.inode && (p.kind == write || p.kind == truncate) })
	case syncDir:
		d.settle(func(p step) bool {
			return p.kind == create && filepath.Dir(p.name) == s.name || p.kind == remove && filepath.Dir(p.name) == s.name ||
				p.kind == rename && filepath.Dir(p.to) == s.name
		})
	default:
		d.pending = append(d.pending, s)
	}
}

// settle makes durable what is pending of a kind.
func (d *disk) settle(which func(step) bool) {
	rest := d.pending[:0]
	for _, p := range d.pending {
		if which(p) {
			d.apply(p, all)
		} else {
			rest = append(rest, p)
		}
	}
	d.pending = rest
}

func all(int64) bool { return true }

// apply does a step, of a write only those sectors that keep says.
func (d *disk) apply(s step, keep func(sector int64) bool) {
	switch s.kind {
	case create:
		d.names[s.name] = s.inode
	case remove:
		if d.names[s.name] == s.inode {
			delete(d.names, s.name)
		}
	case rename:
		if d.names[s.name] == s.inode {
			delete(d.names, s.name)
		}
		d.names[s.to] = s.inode
	case truncate:
		d.data[s.inode] = slices.Clone(extend(d.data[s.inode], s.size)[:s.size])
	case write:
		end := s.offset + int64(len(s.data))
		for at := s.offset; at < end; {
			next := min(at/Sector*Sector+Sector, end)
			if keep(at / Sector) {
				d.data[s.inode] = extend(d.data[s.inode], next)
				copy(d.data[s.inode][at:next], s.data[at-s.offset:])
			}
			at = next
		}
	}
}

// fail decides on what is pending.
func (d *disk) fail(mode Mode) {
	switch mode {
	case Kept:
		for _, p := range d.pending {
			d.apply(p, all)
		}
	case Ordered:
		if len(d.pending) == 0 {
			return
		}
		n := d.random.IntN(len(d.pending))
		for _, p := range d.pending[:n] {
			d.apply(p, all)
		}
		if last := d.pending[n]; last.kind == write {
			whole := last.offset/Sector + d.random.Int64N(int64(len(last.data))/Sector+1)
			d.apply(last, func(sector int64) bool { return sector < whole })
		}
	case Scrambled:
		d.scramble()
	}
}

// scramble keeps each sector, size and name by a throw. A state may favour one
// side, for what survives all at once, or hardly at all, is a corner too.
func (d *disk) scramble() {
	odds := []float64{0.1, 0.5, 0.9, 0.99}[d.random.IntN(4)]
	toss := func() bool { return d.random.Float64() < odds }
	junk := d.random.IntN(2) == 0
	sizes := map[*inode]int64{}
	known := map[*inode]int64{}
	var nodes []*inode
	for _, p := range d.pending {
		if p.kind == write || p.kind == truncate {
			if _, ok := sizes[p.inode]; !ok {
				nodes = append(nodes, p.inode)
				known[p.inode] = int64(len(d.data[p.inode]))
				sizes[p.inode] = known[p.inode]
			}
			if toss() {
				sizes[p.inode] = p.size
			}
		}
	}
	for _, i := range nodes {
		longest := int64(len(d.data[i]))
		for _, p := range d.pending {
			if p.inode == i {
				longest = max(longest, p.size)
			}
		}
		d.data[i] = extend(d.data[i], longest)
		if junk {
			d.litter(i, d.data[i][known[i]:])
		}
	}
	for _, p := range d.pending {
		switch p.kind {
		case write:
			d.apply(p, func(int64) bool { return toss() })
		case truncate:
			// Its size was thrown for above; what it cut off may be gone.
			if n := int64(len(d.data[p.inode])); p.size < n && toss() {
				clear(d.data[p.inode][p.size:])
			}
		default:
			if toss() {
				d.apply(p, all)
			}
		}
	}
	for _, i := range nodes {
		d.data[i] = d.data[i][:sizes[i]]
	}
}

// litter fills a part of a file with what was there when it was another's, or
// with noise.
func (d *disk) litter(i *inode, b []byte) {
	stale := d.others(i)
	for at := 0; at < len(b); at += Sector {
		part := b[at:min(at+Sector, len(b))]
		if len(stale) >= Sector && d.random.IntN(2) == 0 {
			copy(part, stale[d.random.IntN(len(stale)/Sector)*Sector:])
			continue
		}
		for i := range part {
			part[i] = byte(d.random.Uint32()) | 0x80
		}
	}
}

// others is something that is or was in another file.
func (d *disk) others(i *inode) (data []byte) {
	for _, p := range d.pending {
		if p.inode != i && len(p.data) > len(data) {
			data = p.data
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		if j := d.names[name]; j != i && len(d.data[j]) > len(data) {
			data = d.data[j]
		}
	}
	return data
}
