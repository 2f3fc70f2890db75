// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// lazyFile is a mapped snapshot, whose blocks are checked when first used.
type lazyFile struct {
	image *image
	data  []byte
	sound []atomic.Bool // a block was checked
}

func (f *lazyFile) close() { unmap(f.data) }

// touch checks the block that a slot is in, if the graph is a mapped file.
func (g *Graph) touch(slot uint32) error {
	f := g.lazy
	if f == nil {
		return nil
	}
	b := slot / blockSlots
	if f.sound[b].Load() {
		return nil
	}
	if err := f.image.block(f.data, int(b)); err != nil {
		return err
	}
	f.sound[b].Store(true)
	return nil
}

// Map opens a snapshot without reading it: read-only, in the time that it takes to
// check a few bytes for each node, and in no memory but what searches touch, which
// the kernel can take back. Vectors, codes and links are checked in blocks when they
// are first used, and a search that meets damage returns ErrSnapshot. source is for
// a snapshot without vectors, nil otherwise.
func Map(path string, source Source) (*Graph, error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("hnsw: cannot map a snapshot: %w", err)
	}
	m, err := parseImage(data)
	if err != nil {
		unmap(data)
		return nil, err
	}
	g, err := m.graph(Config{Source: source})
	if err == nil {
		err = m.fits(g, data)
	}
	if err != nil {
		unmap(data)
		return nil, err
	}
	g.readOnly = true
	g.lazy = &lazyFile{m, data, make([]atomic.Bool, m.sections[secSums].size/4)}
	for i, t := range map[int]*table{
		secMetas: &g.metas, secUppers: &g.uppers, secLists: &g.lists, secVectors: &g.exact.rows, secCodes: &g.code.rows, secTerms: &g.code.terms,
	} {
		t.fixed = true
		if p := m.part(data, i); len(p) > 0 && t.stride > 0 {
			t.mem, t.base = p, unsafe.Pointer(&p[0])
		}
	}
	p := m.part(data, secKnown)
	g.known.slots = unsafe.Slice((*uint32)(unsafe.Pointer(&p[0])), len(p)/4)
	g.known.adopt(int(m.held))
	m.quantizer(g, data)
	return g, nil
}

// Verify checks all of a graph: every block of a mapped snapshot, and that every
// link is one.
func (g *Graph) Verify() error {
	if err := g.look(); err != nil {
		return err
	}
	if g.lazy != nil {
		if err := g.lazy.image.whole(g.lazy.data); err != nil {
			g.world.RUnlock()
			return err
		}
	}
	g.world.RUnlock()
	_, err := g.Validate()
	return err
}

// VerifySnapshot checks all of a snapshot: every byte of it is covered.
func VerifySnapshot(path string) error {
	data, err := mapFile(path)
	if err != nil {
		return fmt.Errorf("hnsw: cannot read a snapshot: %w", err)
	}
	defer unmap(data)
	m, err := parseImage(data)
	if err != nil {
		return err
	}
	var cfg Config
	if !m.hasVectors() && m.slots > 0 {
		cfg.Source = noSource{}
	}
	g, err := m.graph(cfg)
	if err != nil {
		return err
	}
	if err := m.fits(g, data); err != nil {
		return err
	}
	return m.whole(data)
}

// noSource is for a snapshot that is looked at and not searched.
type noSource struct{}

func (noSource) Vector(uint64, []float32) ([]float32, error) { return nil, ErrSource }
