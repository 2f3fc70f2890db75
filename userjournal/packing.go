// SPDX-License-Identifier: Apache-2.0

package userjournal

import "runtime"

// A packing has blocks made of the buffers that are full, by whoever has nothing
// better to do: the committer when no block is due, who appends and would have to
// wait for room, and goroutines of its own where these two leave processors. So
// nobody sleeps while there is something to do, and nobody has to be woken for it.
//
// Buffers are taken in the order of their records, and there is a packer for each: a
// block that is neither made nor to be had for making is being made.
type packing struct {
	w      *Writer
	idle   []*blockPacker    // guarded by Writer.mu
	packed chan *blockPacker // done; has room for all
	more   chan struct{}     // for the goroutines: there is more than the committer can take
	quit   chan struct{}
}

// maxPacking bounds the goroutines that do nothing else.
const maxPacking = 2

func newPacking(w *Writer, quit chan struct{}) *packing {
	return &packing{w: w, more: make(chan struct{}, 1), quit: quit}
}

// start makes the packers, of which the one that was used last is used first: its
// memory is in the processor's cache, and the others have none yet.
func (k *packing) start() {
	k.packed = make(chan *blockPacker, buffers)
	for range buffers {
		p := new(blockPacker)
		p.sum.noIndex = k.w.options.NoIndex
		k.idle = append(k.idle, p)
	}
	for range min(max(runtime.GOMAXPROCS(0)-2, 0), maxPacking) {
		go k.run()
	}
}

func (k *packing) run() {
	for {
		select {
		case <-k.quit:
			return
		case <-k.more:
			for k.one() {
				k.w.commit.due()
			}
		}
	}
}

// one makes the block of one buffer, unless none is full.
func (k *packing) one() bool {
	k.w.mu.Lock()
	p := k.take()
	k.w.mu.Unlock()
	if p == nil {
		return false
	}
	k.make(p)
	return true
}

// take returns a packer with the oldest buffer that is full, or nil. Writer.mu is held.
func (k *packing) take() *blockPacker {
	if len(k.w.full) == 0 {
		return nil
	}
	last := len(k.idle) - 1
	p := k.idle[last]
	k.idle = k.idle[:last]
	p.buffer = <-k.w.full
	return p
}

func (k *packing) make(p *blockPacker) {
	p.make(p.buffer, k.w.options.Codec)
	k.packed <- p
}
