// SPDX-License-Identifier: Apache-2.0

package query

import (
	"encoding/binary"
	"slices"
	"time"

	"vexj/uapi"
)

// An Index finds out which of many filters take a record without asking each of
// them. A filter stands under the values of one of its conditions, that under which
// the fewest others stand; a record is looked up by what it has of each kind that
// is in use, and only the filters found there are asked. It belongs to one
// goroutine. Make one with NewIndex.
type Index[K comparable] struct {
	entries map[K]*indexEntry[K]
	numbers [numberKinds]map[uint64][]*indexEntry[K]
	texts   [textKinds]map[string][]*indexEntry[K]
	rest    []*indexEntry[K]
	turn    uint64 // counts records
}

type indexEntry[K comparable] struct {
	key    K
	filter *Filter
	place  place
	turn   uint64 // of the record that it was asked about last
}

// What a filter may stand under, by how much it is likely to tell apart.
const (
	bySession = iota
	byTransaction
	byChain
	byInode
	byPID
	byType
	byCategory
	numberKinds
)

const (
	byPath = iota // path or folder, literal
	byAgent
	textKinds
)

// A place is the values of one kind; none at all: among the rest.
type place struct {
	kind    int
	numbers []uint64
	texts   []string
}

// NewIndex returns one without filters.
func NewIndex[K comparable]() *Index[K] {
	ix := &Index[K]{entries: map[K]*indexEntry[K]{}}
	for i := range ix.numbers {
		ix.numbers[i] = map[uint64][]*indexEntry[K]{}
	}
	for i := range ix.texts {
		ix.texts[i] = map[string][]*indexEntry[K]{}
	}
	return ix
}

// Len is how many filters there are.
func (ix *Index[K]) Len() int { return len(ix.entries) }

// Add puts a filter under a key, in place of the one that is there.
func (ix *Index[K]) Add(key K, f *Filter) {
	ix.Remove(key)
	e := &indexEntry[K]{key: key, filter: f, place: ix.best(f)}
	ix.entries[key] = e
	switch p := &e.place; {
	case len(p.numbers) > 0:
		for _, n := range p.numbers {
			ix.numbers[p.kind][n] = append(ix.numbers[p.kind][n], e)
		}
	case len(p.texts) > 0:
		for _, s := range p.texts {
			ix.texts[p.kind][s] = append(ix.texts[p.kind][s], e)
		}
	default:
		ix.rest = append(ix.rest, e)
	}
}

// Remove takes the filter away that is under the key, if there is one.
func (ix *Index[K]) Remove(key K) {
	e := ix.entries[key]
	if e == nil {
		return
	}
	delete(ix.entries, key)
	switch p := &e.place; {
	case len(p.numbers) > 0:
		for _, n := range p.numbers {
			remove(ix.numbers[p.kind], n, e)
		}
	case len(p.texts) > 0:
		for _, s := range p.texts {
			remove(ix.texts[p.kind], s, e)
		}
	default:
		ix.rest = without(ix.rest, e)
	}
}

func remove[V comparable, E comparable](m map[V][]E, v V, e E) {
	if left := without(m[v], e); len(left) > 0 {
		m[v] = left
	} else {
		delete(m, v)
	}
}

func without[E comparable](list []E, e E) []E {
	if i := slices.Index(list, e); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// best is the place where the filter has least company.
func (ix *Index[K]) best(f *Filter) (best place) {
	least := len(ix.rest) + 1
	for _, p := range f.places() {
		company := 0
		for _, n := range p.numbers {
			company += len(ix.numbers[p.kind][n])
		}
		for _, s := range p.texts {
			company += len(ix.texts[p.kind][s])
		}
		if best.empty() || company < least {
			best, least = p, company
		}
	}
	return best
}

func (p *place) empty() bool { return len(p.numbers)+len(p.texts) == 0 }

// places are all that the filter can stand under: a record that it takes has one
// value of each.
func (f *Filter) places() (all []place) {
	add := func(p place) {
		if !p.empty() {
			slices.Sort(p.numbers)
			slices.Sort(p.texts)
			p.numbers, p.texts = slices.Compact(p.numbers), slices.Compact(p.texts)
			all = append(all, p)
		}
	}
	add(place{kind: bySession, numbers: slices.Clone(f.sessions)})
	add(place{kind: byTransaction, numbers: slices.Clone(f.transactions)})
	add(place{kind: byChain, numbers: slices.Clone(f.chains)})
	add(place{kind: byInode, numbers: slices.Clone(f.inodes)})
	add(place{kind: byPID, numbers: widen(f.pids)})
	add(place{kind: byPath, texts: f.dirs()})
	add(place{kind: byAgent, texts: slices.Clone(f.agents)})
	add(place{kind: byAgent, texts: slices.Clone(f.view.Agents)})
	if f.types != nil {
		add(place{kind: byType, numbers: widen(f.types.list)})
	}
	add(place{kind: byCategory, numbers: widen(f.categories)})
	return all
}

func widen[T ~uint32](list []T) (numbers []uint64) {
	for _, n := range list {
		numbers = append(numbers, uint64(n))
	}
	return numbers
}

// dirs are none if one of the patterns may match anywhere.
func (f *Filter) dirs() (dirs []string) {
	for i := range f.paths {
		if len(f.paths[i].dir) == 0 {
			return nil
		}
		dirs = append(dirs, string(f.paths[i].dir))
	}
	return dirs
}

// Match calls fn with the key of each filter that takes the record. When it
// happened is asked for only if some filter wants to know.
func (ix *Index[K]) Match(r uapi.Record, at func() time.Time, fn func(K)) {
	ix.turn++
	m := matching[K]{ix: ix, rec: r, at: at, fn: fn}
	m.ask(ix.rest)
	t := r.Type()
	m.number(byType, uint64(t))
	m.number(byCategory, uint64(t.Category()))
	m.number(byPID, uint64(r.PID()))
	for tag, v := range r.Attrs() {
		switch tag {
		case uapi.AttrSession:
			m.bytes(bySession, v)
		case uapi.AttrTransaction:
			m.bytes(byTransaction, v)
		case uapi.AttrChain:
			m.bytes(byChain, v)
		case uapi.AttrFile, uapi.AttrFile2:
			if len(v) >= fileInode+8 {
				m.bytes(byInode, v[fileInode:fileInode+8])
			}
		case uapi.AttrPath, uapi.AttrPath2:
			m.path(v)
		case uapi.AttrAgentID:
			m.text(byAgent, v)
		}
	}
}

// matching is one record on its way through an index.
type matching[K comparable] struct {
	ix  *Index[K]
	rec uapi.Record
	at  func() time.Time
	fn  func(K)
}

func (m *matching[K]) number(kind int, n uint64) {
	if in := m.ix.numbers[kind]; len(in) > 0 {
		m.ask(in[n])
	}
}

func (m *matching[K]) bytes(kind int, v []byte) {
	if len(v) == 8 {
		m.number(kind, binary.LittleEndian.Uint64(v))
	}
}

func (m *matching[K]) text(kind int, v []byte) {
	if in := m.ix.texts[kind]; len(in) > 0 {
		m.ask(in[string(v)])
	}
}

// path looks up the path and each folder above it.
func (m *matching[K]) path(p []byte) {
	if len(m.ix.texts[byPath]) == 0 {
		return
	}
	m.text(byPath, p)
	for i := len(p) - 1; i > 0; i-- {
		if p[i] == '/' {
			m.text(byPath, p[:i])
		}
	}
}

func (m *matching[K]) ask(entries []*indexEntry[K]) {
	for _, e := range entries {
		if e.turn == m.ix.turn {
			continue // by its other path, as in a rename
		}
		e.turn = m.ix.turn
		if f := e.filter; f.Match(m.rec) && (!f.timed || f.MatchAt(m.rec, m.at())) {
			m.fn(e.key)
		}
	}
}
