// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"unsafe"

	"vexj/internal/disk"
)

// A snapshot is the graph's memory, in sections that begin at multiples of 4,096
// bytes behind a header of as many. Numbers are little-endian.
//
//	  0 8   magic "VEXJHNSW"
//	  8 u32 version: 1
//	 12 u32 CRC-32C of the header, with this field zero
//	 16 u64 size of the file
//	 24 u32 dimensions, metric, M, efConstruction
//	 40 u64 seed
//	 48 u32 codes
//	 52 f32 step of the quantizer
//	 56 u64 event id of the last record that is in the graph
//	 64 u64 last version of a list
//	 72 u32 slots, blocks of upper layers
//	 80 u64 live nodes, dead nodes
//	 96 u64 entry: level<<32 | slot, ~0 for none
//	104 u64 vectors that the quantizer was made from, 0: there is none
//	112 u64 ids in the hash table
//	120     nine times {u64 offset, u64 size, u32 CRC-32C, u32 0}: the sections
//
// Sections are: 0 metas, 16 bytes a slot; 1 upper layers' lists, 4·M bytes a block;
// 2 the hash table of ids; 3 the quantizer's means; 4 a row's terms; 5 checksums;
// 6 the lowest layer's lists, 8·M bytes a slot; 7 originals; 8 codes. Of the last
// three, which are large, the section's CRC is 0: section 5 has one for each 256
// slots, over their lists, originals and codes, so that a mapped file can be checked
// where it is used. Between sections are zeroes.
const (
	snapshotMagic   = "VEXJHNSW"
	snapshotVersion = 1
	pageSize        = 4096
	sectionTable    = 120
	sectionEntry    = 24
	blockSlots      = 256
)

const (
	secMetas = iota
	secUppers
	secKnown
	secMeans
	secTerms
	secSums
	secLists
	secVectors
	secCodes
	sections
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type section struct {
	offset, size uint64
	crc          uint32
}

// image is a snapshot's header.
type image struct {
	size                 uint64
	cfg                  Config
	step                 float32
	last, clock          uint64
	slots, blocks        uint32
	live, dead           uint64
	entry, trained, held uint64
	sections             [sections]section
}

func (m *image) put() []byte {
	b, le := make([]byte, pageSize), binary.LittleEndian
	copy(b, snapshotMagic)
	le.PutUint32(b[8:], snapshotVersion)
	le.PutUint64(b[16:], m.size)
	le.PutUint32(b[24:], uint32(m.cfg.Dims))
	le.PutUint32(b[28:], uint32(m.cfg.Metric))
	le.PutUint32(b[32:], uint32(m.cfg.M))
	le.PutUint32(b[36:], uint32(m.cfg.EfConstruction))
	le.PutUint64(b[40:], m.cfg.Seed)
	le.PutUint32(b[48:], uint32(m.cfg.Codes))
	le.PutUint32(b[52:], math.Float32bits(m.step))
	for i, v := range []uint64{m.last, m.clock, uint64(m.blocks)<<32 | uint64(m.slots), m.live, m.dead, m.entry, m.trained, m.held} {
		le.PutUint64(b[56+8*i:], v)
	}
	for i, s := range m.sections {
		e := b[sectionTable+i*sectionEntry:]
		le.PutUint64(e, s.offset)
		le.PutUint64(e[8:], s.size)
		le.PutUint32(e[16:], s.crc)
	}
	le.PutUint32(b[12:], crc32.Checksum(b, castagnoli))
	return b
}

// WriteSnapshot writes the graph as it is between two changes. Changes wait until it
// is written, searches do not.
func (g *Graph) WriteSnapshot(w io.Writer) error {
	g.change.Lock()
	defer g.change.Unlock()
	if err := g.look(); err != nil {
		return err
	}
	defer g.world.RUnlock()
	if g.redo != nil {
		return errReplaying
	}
	if err := g.journal.broken(); err != nil {
		return err
	}
	if g.lazy != nil {
		if _, err := w.Write(g.lazy.data); err != nil {
			return err
		}
		return nil
	}
	m, parts := g.image()
	if _, err := w.Write(m.put()); err != nil {
		return err
	}
	for i, s := range m.sections {
		if _, err := w.Write(parts[i]); err != nil {
			return err
		}
		if _, err := w.Write(make([]byte, roundUp(int(s.size), pageSize)-int(s.size))); err != nil {
			return err
		}
	}
	return nil
}

// image makes the header and the sections.
func (g *Graph) image() (*image, [sections][]byte) {
	slots := g.slots.Load()
	m := &image{
		cfg: g.cfg, last: g.journal.last.Load(), clock: g.journal.clock.Load(), slots: slots,
		live: uint64(g.live.Load()), dead: uint64(g.dead.Load()), entry: g.entry.Load(), trained: uint64(g.trainedAt.Load()),
		held: uint64(g.known.n),
	}
	var parts [sections][]byte
	parts[secMetas], parts[secUppers] = g.compactUppers(slots)
	m.blocks = uint32(len(parts[secUppers]) / int(g.uppers.stride))
	parts[secKnown] = wordBytes(g.known.slots)
	if g.quant != nil {
		m.step = g.quant.step
		parts[secMeans] = unsafe.Slice(floatBytes(g.quant.mean), 4*g.cfg.Dims)
		parts[secCodes] = g.code.rows.mem[:uintptr(slots)*g.code.rows.stride]
		if g.code.terms.stride != 0 {
			parts[secTerms] = g.code.terms.mem[:4*slots]
		}
	}
	parts[secLists] = g.lists.mem[:uintptr(slots)*g.lists.stride]
	if g.exact.rows.mem != nil {
		parts[secVectors] = g.exact.rows.mem[:uintptr(slots)*g.exact.rows.stride]
	}
	for b := range (int(slots) + blockSlots - 1) / blockSlots {
		parts[secSums] = binary.LittleEndian.AppendUint32(parts[secSums], blockSum(b, int(slots), parts[secLists], parts[secVectors], parts[secCodes]))
	}
	at := uint64(pageSize)
	for i, p := range parts {
		s := section{offset: at, size: uint64(len(p))}
		if i < secLists {
			s.crc = crc32.Checksum(p, castagnoli)
		}
		m.sections[i] = s
		at += uint64(roundUp(len(p), pageSize))
	}
	m.size = at
	return m, parts
}

// compactUppers copies metas and upper lists, without blocks that nobody has.
func (g *Graph) compactUppers(slots uint32) (metas, uppers []byte) {
	metas = make([]byte, int(slots)*metaSize)
	copy(metas, g.metas.mem)
	next := uint32(0)
	for slot := range slots {
		m := g.meta(slot)
		at := none
		if level := m.level(); level > 0 && m.state() != slotFree {
			at = next
			next += uint32(level)
			for l := 1; l <= level; l++ {
				uppers = append(uppers, wordBytes(g.links(slot, l))...)
			}
		}
		binary.LittleEndian.PutUint32(metas[int(slot)*metaSize+8:], at)
	}
	return metas, uppers
}

func wordBytes(w []uint32) []byte {
	if len(w) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&w[0])), 4*len(w))
}

// blockSum is the checksum of a block's rows in the large sections.
func blockSum(b, slots int, large ...[]byte) uint32 {
	crc := uint32(0)
	for _, p := range large {
		stride := len(p) / max(slots, 1)
		from := b * blockSlots * stride
		crc = crc32.Update(crc, castagnoli, p[from:min(len(p), from+blockSlots*stride)])
	}
	return crc
}

// SaveSnapshot writes a snapshot to a file, which appears when it is whole and on
// disk.
func (g *Graph) SaveSnapshot(path string) error {
	if err := disk.Replace(path, 0o600, g.WriteSnapshot); err != nil {
		return fmt.Errorf("hnsw: cannot save a snapshot: %w", err)
	}
	return nil
}
