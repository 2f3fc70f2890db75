// SPDX-License-Identifier: Apache-2.0

package mirror

// An arena keeps copies of records that wait for a lower number, so that their
// ring can be given back to the kernel. It is a circular buffer, freed in the
// order in which it was filled, chunk by chunk: what is copied in one pass waits
// for about the same numbers.
type arena struct {
	buf    []byte
	head   uint64 // both only grow; modulo len(buf) they are offsets
	tail   uint64
	chunks []chunk
}

type chunk struct {
	end uint64 // of its bytes
	top uint64 // highest key of its records
}

const maxChunks = 64

func newArena(size int) *arena {
	return &arena{buf: make([]byte, size), chunks: make([]chunk, 0, maxChunks)}
}

// copy returns a copy of b, or nil if there is no room for one.
func (a *arena) copy(b []byte) []byte {
	size, n := uint64(len(a.buf)), uint64(len(b))
	head := a.head
	if head%size+n > size {
		head += size - head%size
	}
	if head+n-a.tail > size {
		return nil
	}
	at := head % size
	a.head = head + n
	return append(a.buf[at:at:at+n], b...)
}

// seal ends a chunk whose highest key is top.
func (a *arena) seal(top uint64) {
	n := len(a.chunks)
	switch {
	case n > 0 && a.chunks[n-1].end == a.head:
	case n == maxChunks:
		a.chunks[n-1] = chunk{end: a.head, top: max(top, a.chunks[n-1].top)}
	default:
		a.chunks = append(a.chunks, chunk{end: a.head, top: top})
	}
}

// free gives up all records whose key is below next.
func (a *arena) free(next uint64) {
	n := 0
	for n < len(a.chunks) && a.chunks[n].top < next {
		a.tail = a.chunks[n].end
		n++
	}
	if n == 0 {
		return
	}
	a.chunks = append(a.chunks[:0], a.chunks[n:]...)
	if a.tail == a.head {
		// From the start again: a few pages stay in the cache.
		a.head, a.tail = 0, 0
	}
}
