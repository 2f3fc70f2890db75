// SPDX-License-Identifier: Apache-2.0

package userjournal

import "sync/atomic"

// A buffer collects the records of one block, from any number of goroutines: each
// reserves room with one compare-and-swap and copies into it alone. Once it is
// sealed nobody gets room any more, and when the last copy is done it is ready to
// be packed.
//
// A goroutine may come with a buffer that was sealed, written and put to use again
// since it got hold of it. That does no harm: the buffer is current then, and what
// room and which ordinal it gets depends on the state it succeeds with.
type buffer struct {
	// memory is data with room before it for the header of a block and behind
	// it for the padding, so that a block that is not compressed is written
	// from where its records stand.
	memory []byte
	data   []byte

	// first is the ordinal of the first record. It is written before state is
	// opened, and read after state was found open.
	first uint64
	ready chan struct{} // has room for one

	_     [64]byte // the words that appenders change have cache lines of their own
	state atomic.Uint64
	_     [56]byte
	// left is the bytes that were copied and, once the buffer is sealed, less
	// those that were reserved: 0 when all is there.
	left atomic.Int64
	_    [56]byte
}

// A bufferState has the bytes that are reserved in its low half, above them the
// records, and whether the buffer is sealed.
type bufferState uint64

const (
	stateRecord bufferState = 1 << 32
	stateSealed bufferState = 1 << 63
)

func (s bufferState) bytes() int      { return int(uint32(s)) }
func (s bufferState) records() uint64 { return uint64(s&^stateSealed) >> 32 }
func (s bufferState) sealed() bool    { return s&stateSealed != 0 }

func newBuffer(blockSize int) *buffer {
	b := &buffer{memory: make([]byte, blkHeaderRoom+blockSize+blockAlign), ready: make(chan struct{}, 1)}
	b.data = b.memory[blkHeaderRoom : blkHeaderRoom+blockSize]
	b.state.Store(uint64(stateSealed))
	return b
}

func (b *buffer) load() bufferState { return bufferState(b.state.Load()) }

// open makes the buffer ready to be filled from the ordinal on.
func (b *buffer) open(first uint64) {
	b.first = first
	b.left.Store(0)
	b.state.Store(0)
}

// openFor is open, reserve and seal in one, for a batch that gets the buffer to
// itself.
func (b *buffer) openFor(first uint64, n int, records uint64) {
	b.first = first
	b.left.Store(-int64(n))
	b.state.Store(uint64(stateSealed + bufferState(n) + bufferState(records)*stateRecord))
}

// reserve takes room for n bytes of as many records, and returns where it is and
// the ordinal of the first. ok is false if the buffer has no room or is sealed.
func (b *buffer) reserve(n int, records uint64) (at int, ordinal uint64, ok bool) {
	for {
		s := b.load()
		if s.sealed() || s.bytes()+n > len(b.data) {
			return 0, 0, false
		}
		if b.state.CompareAndSwap(uint64(s), uint64(s+bufferState(n)+bufferState(records)*stateRecord)) {
			return s.bytes(), b.first + s.records(), true
		}
	}
}

// fill copies the records to where room was reserved.
func (b *buffer) fill(at int, recs [][]byte) {
	for _, rec := range recs {
		at += copy(b.data[at:], rec)
	}
}

// copied is called once what was reserved is filled.
func (b *buffer) copied(n int) {
	if b.left.Add(int64(n)) == 0 {
		b.ready <- struct{}{}
	}
}

// seal ends the reserving. It is called once.
func (b *buffer) seal() {
	s := bufferState(b.state.Or(uint64(stateSealed)))
	b.copied(-s.bytes())
}

// records waits for the last copy and returns all that is in a sealed buffer.
func (b *buffer) records() []byte {
	<-b.ready
	return b.data[:b.load().bytes()]
}
