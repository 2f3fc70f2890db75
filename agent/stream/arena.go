// SPDX-License-Identifier: Apache-2.0

package stream

// An arena is a ring of bytes in which lines stand until they are overwritten.
// Each byte ever written has an offset, from 0.
type arena struct {
	limit uint64
	data  []byte
	head  uint64 // offset of the next byte
	// written: all before was written out, as far as it could be.
	written uint64
}

// A span is a line in the arena.
type span struct {
	at     uint64
	n      uint32
	weight uint32 // records that are missed without it
	made   uint64 // ktime of the record; 0: it is none
	cursor string // where to go on behind it; "": where it was before
}

// add copies a line in, over the oldest ones. One that is longer than the arena
// is refused.
func (a *arena) add(b []byte) (at uint64, ok bool) {
	n := uint64(len(b))
	if n > a.limit {
		return 0, false
	}
	if a.data == nil {
		a.data = make([]byte, a.limit)
	}
	if left := a.limit - a.head%a.limit; n > left {
		a.head += left // a line stands in one piece
	}
	at = a.head
	copy(a.data[at%a.limit:], b)
	a.head += n
	return at, true
}

// has: the span was not overwritten.
func (a *arena) has(s *span) bool { return a.head-s.at <= a.limit }

// bytes of a span that is there.
func (a *arena) bytes(s *span) []byte {
	at := s.at % a.limit
	return a.data[at : at+uint64(s.n)]
}
