// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"sync/atomic"
	"unsafe"
)

// marks remembers where samples began. A sample says where the next one is and
// nothing the one before, so whoever wants to look back needs a place to begin.
//
// One goroutine notes; any may read. A slot that is written over meanwhile holds
// another beginning of a sample, so that no reader is misled.
type marks struct {
	at   [markCount]atomic.Uintptr
	last uintptr // the noting goroutine's
	n    uintptr // slots written so far, the noting goroutine's
}

const markCount = 64

// start fills all slots with the first beginning that is known.
func (m *marks) start(pos uintptr) {
	for i := range m.at {
		m.at[i].Store(pos)
	}
	m.last, m.n = pos, 1
}

// note keeps pos, unless the one kept before is so near that the marks would not
// span a ring of this size.
func (m *marks) note(pos, size uintptr) {
	if pos-m.last < size/(markCount/2) {
		return
	}
	m.at[m.n%markCount].Store(pos)
	m.last = pos
	m.n++
}

// oldest returns the mark that is farthest behind producer, but no more than
// reach.
func (m *marks) oldest(producer, reach uintptr) (pos uintptr, ok bool) {
	for i := range m.at {
		at := m.at[i].Load()
		if back := producer - at; back <= reach && (!ok || back > producer-pos) {
			pos, ok = at, true
		}
	}
	return pos, ok
}

// Peek returns copies of the last samples that are still in the ring, at most
// most of them, the oldest first, whether they were read or not. It takes
// nothing from the ring, and may be called from any goroutine.
//
// The producer does not wait for it: what it writes over meanwhile is left out,
// and under a stream that laps the ring while it looks, Peek may return nothing.
func (r *Ring) Peek(most int) ([][]byte, error) {
	if !r.enter() {
		return nil, ErrClosed
	}
	defer r.leave()
	const tries = 4
	for range tries {
		if samples, ok := r.lookBack(most); ok {
			return samples, nil
		}
	}
	return nil, nil
}

// intact says whether bytes from pos on have not been written over. The
// producer writes a sample's header before its position covers it.
func (r *Ring) intact(pos uintptr) bool {
	return r.producer.Load()+headerSize-pos <= r.mask+1
}

// lookBack returns false if the producer overtook it.
func (r *Ring) lookBack(most int) ([][]byte, bool) {
	producer := r.producer.Load()
	pos, ok := r.marks.oldest(producer, r.mask+1-headerSize)
	if !ok {
		return nil, false
	}
	type place struct{ at, n uintptr }
	var found []place
	for pos != producer {
		word := atomic.LoadUint32((*uint32)(unsafe.Add(r.data, pos&r.mask&^7)))
		if word&busyBit != 0 {
			break // what follows may be committed, and comes after it all the same
		}
		step := uintptr(stride(word &^ discardBit))
		if step > producer-pos {
			return nil, false
		}
		if word&discardBit == 0 {
			found = append(found, place{pos, uintptr(word)})
		}
		pos += step
	}
	if len(found) == 0 {
		return nil, true
	}
	// If the first header was still whole after the last was read, all were.
	if !r.intact(found[0].at) {
		return nil, false
	}
	if len(found) > most {
		found = found[len(found)-most:]
	}
	samples := make([][]byte, len(found))
	for i, p := range found {
		at := unsafe.Add(r.data, p.at&r.mask)
		samples[i] = append([]byte(nil), unsafe.Slice((*byte)(unsafe.Add(at, headerSize)), p.n)...)
	}
	for len(samples) > 0 && !r.intact(found[0].at) {
		samples, found = samples[1:], found[1:]
	}
	return samples, len(samples) > 0
}
