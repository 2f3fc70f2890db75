// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"sync/atomic"
	"unsafe"
)

// The sample header, from include/uapi/linux/bpf.h.
const (
	headerSize = 8
	busyBit    = 1 << 31
	discardBit = 1 << 30
)

// lookahead is how far before its use a sample's memory is asked for. Where a
// sample begins is known only from the one before, and they differ in length: a
// walk over headers is a chain of cache misses that the processor does not
// foresee. Two KiB ahead is some eight records; nothing is asked for past the
// producer's position, where it would be taken from the producer's cache.
const lookahead = 2048

// A Ring is one shared-memory ring, read from its consumer side.
//
// Next, Fill, Release and Resync belong to one goroutine at a time. Peek, Pending,
// Size and Close may be called from any.
type Ring struct {
	data  unsafe.Pointer // twice size bytes, the second half an alias of the first
	mask  uintptr
	pos   uintptr // where the next sample is read
	limit uintptr // the producer's position when last looked at, pos if not held
	given uintptr // the consumer position as last published
	held  bool    // the mapping is kept from being unmapped by Close
	lent  bool    // samples were handed out since the last Release
	marks marks

	consumer *atomic.Uintptr
	producer *atomic.Uintptr

	mapping
}

// Next returns the next committed sample, without its header. The sample is
// memory of the ring: it is valid until Release, and is read-only.
//
// It returns false where no sample is ready: the ring is empty, or its oldest
// sample is still being written. Samples that their producer gave up are
// skipped. An error wraps ErrCorrupt or ErrClosed.
func (r *Ring) Next() (sample []byte, ok bool, err error) {
	for {
		for r.pos != r.limit {
			at := unsafe.Add(r.data, r.pos&r.mask)
			if r.limit-r.pos > lookahead {
				prefetch(unsafe.Add(at, lookahead))
			}
			word := atomic.LoadUint32((*uint32)(at))
			step := stride(word)
			if step > uint64(r.limit-r.pos) {
				if ok, err := r.odd(word); !ok {
					return nil, false, err
				}
				continue
			}
			r.pos += uintptr(step)
			r.lent = true
			return unsafe.Slice((*byte)(unsafe.Add(at, headerSize)), word), true, nil
		}
		if ok, err := r.look(); !ok {
			return nil, false, err
		}
	}
}

// Fill is Next for many: it puts samples into dst until dst is full or no
// further sample is ready, and says how many it put. It returns an error only
// with a count of 0: what was read before the error is given first.
//
// A dst of 32 to 128 is best: by then the cost of a call is spread thin, and a
// batch of samples of some 256 bytes still fits the first-level cache, where
// their user wants to find them.
func (r *Ring) Fill(dst [][]byte) (int, error) {
	n := 0
	for n < len(dst) {
		if r.pos == r.limit {
			if ok, err := r.look(); !ok {
				if n > 0 {
					return n, nil
				}
				return 0, err
			}
		}
		pos, limit, data, mask := r.pos, r.limit, r.data, r.mask
		for n < len(dst) && pos != limit {
			at := unsafe.Add(data, pos&mask)
			if limit-pos > lookahead {
				prefetch(unsafe.Add(at, lookahead))
			}
			word := atomic.LoadUint32((*uint32)(at))
			step := stride(word)
			if step > uint64(limit-pos) {
				break
			}
			dst[n] = unsafe.Slice((*byte)(unsafe.Add(at, headerSize)), word)
			n++
			pos += uintptr(step)
		}
		r.lent = r.lent || pos != r.pos
		r.pos = pos
		if n < len(dst) && pos != limit {
			word := atomic.LoadUint32((*uint32)(unsafe.Add(data, pos&mask)))
			if ok, err := r.odd(word); !ok {
				if n > 0 {
					return n, nil
				}
				return 0, err
			}
		}
	}
	return n, nil
}

// stride is what a sample with this header takes. With one of the two bits set
// it exceeds every possible size of a ring, so that one compare finds all that
// is not a plain sample.
func stride(word uint32) uint64 {
	return (uint64(word) + headerSize + 7) &^ 7
}

// odd deals with a header that is not that of a plain sample. It returns true
// where reading can go on.
func (r *Ring) odd(word uint32) (bool, error) {
	if word&busyBit != 0 {
		r.rest()
		return false, nil
	}
	step := stride(word &^ discardBit)
	if step > uint64(r.limit-r.pos) {
		err := &CorruptError{Position: uint64(r.pos), Producer: uint64(r.limit), Length: word,
			Reason: "a sample reaches past the producer's position"}
		r.rest()
		return false, err
	}
	// A plain sample here was busy when its header was first read.
	if word&discardBit != 0 {
		r.pos += uintptr(step)
	}
	return true, nil
}

// look learns how far the producer got. It returns true if there is something
// to read.
func (r *Ring) look() (bool, error) {
	if !r.held {
		if !r.enter() {
			return false, ErrClosed
		}
		r.held = true
	} else if r.closed() {
		r.rest()
		return false, ErrClosed
	}
	producer := r.producer.Load()
	if reason := r.impossible(producer); reason != "" {
		err := &CorruptError{Position: uint64(r.pos), Producer: uint64(producer), Reason: reason}
		r.rest()
		return false, err
	}
	r.limit = producer
	if producer == r.pos {
		r.rest()
		return false, nil
	}
	return true, nil
}

func (r *Ring) impossible(producer uintptr) string {
	switch {
	case producer-r.pos > r.mask:
		return "the producer's position is behind the reader's, or a ring's size ahead"
	case (producer|r.pos)%8 != 0:
		return "a position is not a multiple of 8"
	}
	return ""
}

// rest is called where there is nothing to read. If nothing was lent either,
// the mapping is not needed, and what was skipped can be given back.
func (r *Ring) rest() {
	if !r.lent {
		r.Release()
	}
}

// Release gives back all samples handed out so far: they are invalid from here
// on, and the producer may use their room.
func (r *Ring) Release() {
	if !r.held {
		return
	}
	if r.pos != r.given {
		r.consumer.Store(r.pos)
		r.given = r.pos
		r.marks.note(r.pos, r.mask+1)
	}
	r.limit = r.pos
	r.lent = false
	r.held = false
	r.leave()
}

// Pending returns the number of bytes, headers included, between the position
// last released and the producer's: how full the ring is. It is 0 once closed.
func (r *Ring) Pending() int {
	if !r.enter() {
		return 0
	}
	defer r.leave()
	return r.pending()
}

func (r *Ring) pending() int {
	// In this order the difference can't be negative.
	consumer := r.consumer.Load()
	return int(min(r.producer.Load()-consumer, r.mask+1))
}

// ready says whether the oldest sample that was not released is committed.
func (r *Ring) ready() bool {
	consumer := r.consumer.Load()
	if r.producer.Load() == consumer {
		return false
	}
	at := unsafe.Add(r.data, consumer&r.mask&^7)
	return atomic.LoadUint32((*uint32)(at))&busyBit == 0
}

// Resync gives up everything up to the producer's position, also samples handed
// out, and returns how many bytes that were. It is the way on after ErrCorrupt:
// the producer's position is always the start of a sample.
func (r *Ring) Resync() (int, error) {
	if !r.held {
		if !r.enter() {
			return 0, ErrClosed
		}
		r.held = true
	}
	producer := r.producer.Load() &^ 7
	dropped := int(min(producer-r.pos, r.mask+1))
	r.pos = producer
	r.Release()
	return dropped, nil
}

// Size returns the size of the ring's data in bytes.
func (r *Ring) Size() int { return int(r.mask + 1) }
