// SPDX-License-Identifier: Apache-2.0

package userjournal

import "time"

// How a buffer that is full gives way to the next one. All of it happens under
// Writer.mu, and nobody who holds that waits for anything but Writer.room, which
// lets go of it: so that the committer, which alone makes room, may take it too.

// reserve is buffer.reserve for when the current buffer has no room: it makes
// another one current. n is no more than a whole buffer has.
func (w *Writer) reserve(n int, records uint64) (b *buffer, at int, ordinal uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if err := w.refusal(); err != nil {
			return nil, 0, 0, err
		}
		// Whoever held the mutex before may have exchanged it already.
		b = w.cur.Load()
		if at, ordinal, ok := b.reserve(n, records); ok {
			return b, at, ordinal, nil
		}
		w.handOver(b)
		w.wake()
		if w.long || len(w.free) == 0 {
			w.wait()
			continue
		}
		w.use()
	}
}

// appendLong appends a batch that no buffer can hold. Nobody else gets a buffer
// before it is through, so that its ordinals have no gap.
func (w *Writer) appendLong(recs [][]byte) (first uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.long {
		w.wait()
	}
	w.long = true
	defer func() {
		w.long = false
		w.room.Broadcast()
	}()
	for len(recs) > 0 {
		if err := w.refusal(); err != nil {
			return 0, err
		}
		w.handOver(w.cur.Load())
		w.wake()
		if len(w.free) == 0 {
			w.wait()
			continue
		}
		n, size := w.fitting(recs)
		ordinal, b := w.next(), w.unused()
		b.openFor(ordinal, size, uint64(n))
		w.cur.Store(b)
		w.full <- b
		b.fill(0, recs[:n])
		b.copied(size)
		w.wake()
		recs = recs[n:]
		if first == 0 {
			first = ordinal
		}
	}
	return first, nil
}

// fitting is how many of the records go into one buffer, and their size.
func (w *Writer) fitting(recs [][]byte) (n, size int) {
	for n < len(recs) && size+len(recs[n]) <= w.options.BlockSize {
		size += len(recs[n])
		n++
	}
	return n, size
}

// refusal is why nothing more is taken, if that is so.
func (w *Writer) refusal() error {
	if f := w.failure.Load(); f != nil {
		return f.err
	}
	if w.ended {
		return ErrClosed
	}
	return nil
}

// wake tells the committer's goroutine that there is something to write, and those
// of the packing if that is much.
func (w *Writer) wake() {
	poke(w.work)
	if len(w.full) > 1 {
		poke(w.commit.packing.more)
	}
}

func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// handOver seals the buffer b, which is current, and has its block made, unless that
// was done before. One without records stays unused.
func (w *Writer) handOver(b *buffer) {
	if b.load().sealed() {
		return
	}
	b.seal()
	if b.load().bytes() == 0 {
		b.records()
		w.free = append(w.free, b)
		return
	}
	w.full <- b // has room for all there are
}

// next is the ordinal of the first record behind the current buffer, which is
// sealed.
func (w *Writer) next() uint64 {
	b := w.cur.Load()
	return b.first + b.load().records()
}

func (w *Writer) unused() *buffer {
	last := len(w.free) - 1
	b := w.free[last]
	w.free = w.free[:last]
	return b
}

// use makes an unused buffer the current one.
func (w *Writer) use() {
	// The unused one may be the one that was current: its state is still there.
	first := w.next()
	b := w.unused()
	b.open(first)
	w.cur.Store(b)
}

// wait is the back-pressure. Who would have to wait does what he waits for, if it is
// to be done: w.mu is free meanwhile.
func (w *Writer) wait() {
	start := time.Now()
	if p := w.commit.packing.take(); p != nil {
		w.mu.Unlock()
		w.commit.packing.make(p)
		w.commit.due()
		w.mu.Lock()
	} else {
		w.room.Wait()
	}
	w.count.stalls.Add(1)
	w.count.stallTime.Add(uint64(time.Since(start)))
}

// collect hands over what there is in the current buffer, and returns the ordinal of
// the last record that was appended before.
func (w *Writer) collect() (upTo uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.cur.Load()
	if b.load().bytes() == 0 {
		return b.first - 1
	}
	w.handOver(b)
	upTo = w.next() - 1
	if !w.long && !w.ended && len(w.free) > 0 {
		w.use()
	}
	return upTo
}

// giveBack takes a packer back and the buffer whose block it made, which was written.
// Who waits for room is woken when half of the buffers are free, and not for each: all
// that are not come back.
func (w *Writer) giveBack(p *blockPacker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free = append(w.free, p.buffer)
	w.commit.packing.idle = append(w.commit.packing.idle, p)
	if len(w.free) >= buffers/2 {
		w.room.Broadcast()
	}
}

// end is collect for the last time: nothing is taken any more, also not into a
// buffer that is empty yet.
func (w *Writer) end() (upTo uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.handOver(w.cur.Load())
	w.room.Broadcast()
	return w.next() - 1
}
