// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"unsafe"
)

func badSnapshot(format string, a ...any) error {
	return fmt.Errorf("%w: %s: take an older snapshot, or rebuild it from the records", ErrSnapshot, fmt.Sprintf(format, a...))
}

// parseImage reads the header of a snapshot, whose sections it checks to be where
// they must.
func parseImage(b []byte) (*image, error) {
	le := binary.LittleEndian
	if len(b) < pageSize || string(b[:8]) != snapshotMagic {
		return nil, badSnapshot("it is none: the magic is missing")
	}
	if v := le.Uint32(b[8:]); v != snapshotVersion {
		return nil, fmt.Errorf("%w: version %d: if a newer vexj made it, read it with that one", ErrSnapshot, v)
	}
	head := append([]byte(nil), b[:pageSize]...)
	clear(head[12:16])
	if crc32.Checksum(head, castagnoli) != le.Uint32(b[12:]) {
		return nil, badSnapshot("the checksum of the header is wrong")
	}
	m := &image{
		size: le.Uint64(b[16:]), step: math.Float32frombits(le.Uint32(b[52:])), last: le.Uint64(b[56:]), clock: le.Uint64(b[64:]),
		slots: le.Uint32(b[72:]), blocks: le.Uint32(b[76:]), live: le.Uint64(b[80:]), dead: le.Uint64(b[88:]),
		entry: le.Uint64(b[96:]), trained: le.Uint64(b[104:]), held: le.Uint64(b[112:]),
		cfg: Config{
			Dims: int(le.Uint32(b[24:])), Metric: Metric(le.Uint32(b[28:])), M: int(le.Uint32(b[32:])),
			EfConstruction: int(le.Uint32(b[36:])), Seed: le.Uint64(b[40:]), Codes: Codes(le.Uint32(b[48:])),
		},
	}
	if m.cfg.Codes > Bits || le.Uint32(b[48:]) > uint32(Bits) || m.cfg.M == 0 || m.cfg.EfConstruction == 0 || m.cfg.Seed == 0 {
		return nil, badSnapshot("the configuration is impossible")
	}
	if err := m.cfg.fill(); err != nil {
		return nil, badSnapshot("%v", err)
	}
	if m.size != uint64(len(b)) {
		return nil, badSnapshot("it has %d bytes, must have %d", len(b), m.size)
	}
	at := uint64(pageSize)
	for i := range m.sections {
		e := b[sectionTable+i*sectionEntry:]
		s := section{le.Uint64(e), le.Uint64(e[8:]), le.Uint32(e[16:])}
		if s.offset != at || s.size > m.size-at {
			return nil, badSnapshot("section %d is not where it must be", i)
		}
		at += uint64(roundUp(int(s.size), pageSize))
		m.sections[i] = s
	}
	if at != m.size {
		return nil, badSnapshot("it has %d bytes, its sections %d", m.size, at)
	}
	return m, nil
}

func (m *image) part(b []byte, i int) []byte {
	s := m.sections[i]
	return b[s.offset : s.offset+s.size : s.offset+s.size]
}

// fits checks the sizes of sections against what the graph's must be, and all that
// is small and must be right before a search takes its first step.
func (m *image) fits(g *Graph, b []byte) error {
	blocks := (uint64(m.slots) + blockSlots - 1) / blockSlots
	want := [sections]uint64{
		secMetas: uint64(m.slots) * metaSize, secUppers: uint64(m.blocks) * uint64(g.uppers.stride), secKnown: m.sections[secKnown].size,
		secSums: 4 * blocks, secLists: uint64(m.slots) * uint64(g.lists.stride),
	}
	if m.trained > 0 {
		want[secMeans], want[secCodes] = 4*uint64(m.cfg.Dims), uint64(m.slots)*uint64(g.code.rows.stride)
		want[secTerms] = uint64(m.slots) * uint64(g.code.terms.stride)
	}
	if m.hasVectors() {
		want[secVectors] = uint64(m.slots) * uint64(strideOf(g.rowBytes()))
	}
	for i, s := range m.sections {
		if s.size != want[i] {
			return badSnapshot("section %d has %d bytes, must have %d", i, s.size, want[i])
		}
		if i < secLists && crc32.Checksum(m.part(b, i), castagnoli) != s.crc || i >= secLists && s.crc != 0 {
			return badSnapshot("the checksum of section %d is wrong", i)
		}
	}
	held := m.sections[secKnown].size / 4
	if held < 16 || held&(held-1) != 0 || m.held > held*3/4 || m.slots > maxSlots || m.trained > 0 && !(m.step > 0) || m.trained > 0 && m.cfg.Codes == NoCodes {
		return badSnapshot("the header contradicts itself")
	}
	return m.counts(b)
}

// hasVectors: those of a graph with no slots are nowhere, and need not be.
func (m *image) hasVectors() bool { return m.sections[secVectors].size > 0 }

// counts checks that slots and levels are within their tables, and that the header's
// counts are theirs.
func (m *image) counts(b []byte) error {
	metas, le := m.part(b, secMetas), binary.LittleEndian
	var live, dead uint64
	highest := -1
	for slot := range int(m.slots) {
		e := metas[slot*metaSize:]
		upper, flags := le.Uint32(e[8:]), le.Uint32(e[12:])
		state, level := flags&0xff, flags>>8
		switch {
		case state == slotNew || state > slotDead || level > maxLevel:
			return badSnapshot("slot %d is in no state", slot)
		case state != slotFree && level > 0 && uint64(upper)+uint64(level) > uint64(m.blocks):
			return badSnapshot("slot %d has layers that are not there", slot)
		case state == slotLive:
			live++
			highest = max(highest, int(level))
		case state == slotDead:
			dead++
		}
	}
	known, held := m.part(b, secKnown), uint64(0)
	for ; len(known) > 0; known = known[4:] {
		slot := le.Uint32(known)
		if slot == none {
			continue
		}
		if slot >= m.slots || le.Uint32(metas[int(slot)*metaSize+12:])&0xff != slotLive {
			return badSnapshot("an id has slot %d, which is not alive", slot)
		}
		held++
	}
	if live != m.live || dead != m.dead || held != m.held || held != live {
		return badSnapshot("%d nodes are alive and %d dead, the header says %d and %d", live, dead, m.live, m.dead)
	}
	if slot, level := uint32(m.entry), int(m.entry>>32); m.entry == noEntry != (live == 0) || live > 0 &&
		(slot >= m.slots || level != highest || le.Uint32(metas[int(slot)*metaSize+12:]) != slotLive|uint32(level)<<8) {
		return badSnapshot("the entry is not the highest node")
	}
	return nil
}

// whole checks what fits does not: the large sections, and that the rest is zero.
func (m *image) whole(b []byte) error {
	used := sectionTable + sections*sectionEntry
	for i := range m.sections {
		if binary.LittleEndian.Uint32(b[sectionTable+i*sectionEntry+20:]) != 0 {
			return badSnapshot("a reserved field is not zero")
		}
	}
	if !zero(b[used:pageSize]) {
		return badSnapshot("the header goes on")
	}
	for i, s := range m.sections {
		end := s.offset + s.size
		if !zero(b[end:roundUp(int(end), pageSize)]) {
			return badSnapshot("there is something behind section %d", i)
		}
	}
	for i := range int(m.sections[secSums].size / 4) {
		if err := m.block(b, i); err != nil {
			return err
		}
	}
	return nil
}

// block checks one block of slots in the large sections.
func (m *image) block(b []byte, i int) error {
	sum := blockSum(i, int(m.slots), m.part(b, secLists), m.part(b, secVectors), m.part(b, secCodes))
	if sum != binary.LittleEndian.Uint32(m.part(b, secSums)[4*i:]) {
		return badSnapshot("the checksum of slots %d to %d is wrong", i*blockSlots, min((i+1)*blockSlots, int(m.slots))-1)
	}
	return nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// Load reads a snapshot into memory, all of it checked. Of the Config what the
// graph is comes from the file; Source, Sink, Run and Searches are taken from cfg.
func Load(path string, cfg Config) (*Graph, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("hnsw: cannot load a snapshot: %w", err)
	}
	return LoadBytes(b, cfg)
}

// LoadBytes is Load of a snapshot that is in memory.
func LoadBytes(b []byte, cfg Config) (*Graph, error) {
	m, err := parseImage(b)
	if err != nil {
		return nil, err
	}
	g, err := m.graph(cfg)
	if err != nil {
		return nil, err
	}
	if err := m.fits(g, b); err != nil {
		return nil, err
	}
	if err := m.whole(b); err != nil {
		return nil, err
	}
	if err := m.copyTo(g, b); err != nil {
		g.Close()
		return nil, err
	}
	if err := g.consistent(nil); err != nil {
		g.Close()
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	g.recount()
	g.journal.run.After(m.last)
	return g, nil
}

// graph makes a graph without memory.
func (m *image) graph(cfg Config) (*Graph, error) {
	c := m.cfg
	c.Source, c.Sink, c.Run, c.Searches = cfg.Source, cfg.Sink, cfg.Run, cfg.Searches
	if !m.hasVectors() && m.slots > 0 && c.Source == nil {
		return nil, fmt.Errorf("%w: the snapshot has no vectors: give the Source that has them", ErrConfig)
	}
	g, err := prepare(c)
	if err != nil {
		return nil, err
	}
	g.slots.Store(m.slots)
	g.blocks = m.blocks
	g.live.Store(int64(m.live))
	g.dead.Store(int64(m.dead))
	g.entry.Store(m.entry)
	g.trainedAt.Store(int64(m.trained))
	g.journal.last.Store(m.last)
	g.journal.clock.Store(m.clock)
	if m.trained > 0 && c.Source != nil {
		g.exact.rows, g.exact.source = table{}, true
	}
	return g, nil
}

// quantizer makes that of the snapshot.
func (m *image) quantizer(g *Graph, b []byte) {
	if m.trained == 0 {
		return
	}
	z := &quantizer{mean: make([]float32, g.cfg.Dims), step: m.step}
	copy(unsafe.Slice(floatBytes(z.mean), 4*g.cfg.Dims), m.part(b, secMeans))
	g.setQuantizer(z)
}

func (m *image) copyTo(g *Graph, b []byte) error {
	rows := firstRows
	for rows < int(m.slots) {
		rows *= 2
	}
	if err := g.grow(rows, max(firstRows, int(m.blocks))); err != nil {
		return err
	}
	copy(g.metas.mem, m.part(b, secMetas))
	copy(g.uppers.mem, m.part(b, secUppers))
	copy(g.lists.mem, m.part(b, secLists))
	copy(g.exact.rows.mem, m.part(b, secVectors))
	copy(g.code.rows.mem, m.part(b, secCodes))
	copy(g.code.terms.mem, m.part(b, secTerms))
	g.known.reset(int(m.held))
	g.known.slots = make([]uint32, m.sections[secKnown].size/4)
	copy(wordBytes(g.known.slots), m.part(b, secKnown))
	g.known.adopt(int(m.held))
	m.quantizer(g, b)
	for slot := range m.slots {
		if g.meta(slot).state() == slotFree {
			g.free = append(g.free, slot)
		}
	}
	return nil
}
