// SPDX-License-Identifier: Apache-2.0

package query

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// Sketch finds the most frequent of any number of keys in bounded memory: the
// space-saving algorithm of Metwally, Agrawal and El Abbadi. A key that makes
// up more than 1/capacity of the weight is in it for certain. Until there are
// more different keys than its capacity, it counts exactly.
//
// Two keys of the same 64-bit hash are counted as one.
type Sketch struct {
	seed     maphash.Seed
	capacity int
	slots    []slot // a heap, the least weight first
	at       map[uint64]int
	total    uint64
}

type slot struct {
	hash   uint64
	weight uint64
	excess uint64
	key    []byte
}

// Top is one key of a Sketch. The true weight is at most Weight and at least
// Weight - Excess.
type Top struct {
	Key    string
	Weight uint64
	Excess uint64
}

// NewSketch returns one that keeps so many keys.
func NewSketch(capacity int) *Sketch {
	return &Sketch{seed: maphash.MakeSeed(), capacity: max(capacity, 1), at: make(map[uint64]int, capacity)}
}

// Add counts key with a weight.
func (s *Sketch) Add(key []byte, weight uint64) {
	if weight == 0 {
		return
	}
	s.total += weight
	h := maphash.Bytes(s.seed, key)
	if i, ok := s.at[h]; ok {
		s.slots[i].weight += weight
		s.sink(i)
		return
	}
	if len(s.slots) < s.capacity {
		s.slots = append(s.slots, slot{hash: h, weight: weight, key: slices.Clone(key)})
		s.at[h] = len(s.slots) - 1
		s.rise(len(s.slots) - 1)
		return
	}
	least := &s.slots[0]
	delete(s.at, least.hash)
	s.at[h] = 0
	least.hash, least.excess = h, least.weight
	least.weight += weight
	least.key = append(least.key[:0], key...)
	s.sink(0)
}

// Total is the weight of all keys, those included that are not kept.
func (s *Sketch) Total() uint64 { return s.total }

// Exact reports whether every key is there with its true weight.
func (s *Sketch) Exact() bool {
	return !slices.ContainsFunc(s.slots, func(s slot) bool { return s.excess > 0 })
}

// Top returns at most n keys, the heaviest first, and in the order of their
// bytes where the weight is the same.
func (s *Sketch) Top(n int) []Top {
	tops := make([]Top, len(s.slots))
	for i := range s.slots {
		tops[i] = Top{string(s.slots[i].key), s.slots[i].weight, s.slots[i].excess}
	}
	slices.SortFunc(tops, func(a, b Top) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Key, b.Key))
	})
	return tops[:min(n, len(tops))]
}

func (s *Sketch) swap(i, j int) {
	s.slots[i], s.slots[j] = s.slots[j], s.slots[i]
	s.at[s.slots[i].hash], s.at[s.slots[j].hash] = i, j
}

func (s *Sketch) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(s.slots) {
			return
		}
		if right := child + 1; right < len(s.slots) && s.slots[right].weight < s.slots[child].weight {
			child = right
		}
		if s.slots[i].weight <= s.slots[child].weight {
			return
		}
		s.swap(i, child)
		i = child
	}
}

func (s *Sketch) rise(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if s.slots[parent].weight <= s.slots[i].weight {
			return
		}
		s.swap(i, parent)
		i = parent
	}
}
