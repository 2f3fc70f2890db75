// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// A committer makes blocks of what was appended and writes them, in a goroutine
// of its own.
type committer struct {
	w    *Writer
	seg  *segmentWriter
	sync *syncer
	keys *indexer

	buffer uint64 // seq of the buffer that is next to be finished
	taken  int    // bytes of it that are written
	next   uint64 // ordinal of the next record to write

	idle    []*blockPacker
	packing []*blockPacker // at work, in the order of their records
}

func newCommitter(w *Writer, h segmentHeader) (*committer, error) {
	c := &committer{w: w, buffer: 1, next: h.First, sync: newSyncer(w), keys: newIndexer(w)}
	if err := c.begin(h); err != nil {
		c.keys.stop()
		return nil, fmt.Errorf("create journal: %w", err)
	}
	for range packers {
		c.idle = append(c.idle, newBlockPacker(w.options.Codec))
	}
	return c, nil
}

// begin starts a segment.
func (c *committer) begin(h segmentHeader) error {
	h.Salt = newSalt()
	h.setClock(c.w.options.clock(), time.Now().UnixNano())
	seg, err := createSegment(c.w.options.FS, c.w.dir, h)
	if err != nil {
		return err
	}
	seg.signer = c.w.options.Key
	c.seg = seg
	c.sync.named = true
	c.w.count.segments.Add(1)
	c.w.count.stored.Add(HeaderSize)
	return nil
}

func (c *committer) run() {
	defer close(c.w.done)
	defer func() {
		for _, p := range c.idle {
			close(p.in)
		}
	}()
	go c.sync.run()
	var tick <-chan time.Time
	if c.w.options.Interval > 0 {
		t := time.NewTicker(c.w.options.Interval)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case b := <-c.w.full:
			c.finish(b)
		case r := <-c.w.requests:
			c.drain()
			if r.kind == requestClose {
				c.end(r)
				return
			}
			c.serve(r)
		case <-tick:
			c.drain()
			c.sync.interval(c.seg, c.next-1)
		}
	}
}

func (c *committer) serve(r request) {
	err := c.w.failed()
	if err == nil && r.kind == requestSync {
		c.sync.request(c.seg, c.next-1, r.reply)
		return
	}
	r.reply <- err
}

// finish writes what is left of a buffer that was handed over, and gives it
// back. Those that are handed over meanwhile go to the other packers, but only
// so many: requests and the clock want their turn.
func (c *committer) finish(b *buffer) {
	c.start(b)
	for more := 2 * buffers; len(c.packing) > 0; {
		full := c.w.full
		if more == 0 || len(c.idle) == 0 {
			full = nil
		}
		select {
		case b := <-full:
			c.start(b)
			more--
		case <-c.packing[0].done:
			c.settle()
		}
	}
}

// start has a packer make the block of what is left of a buffer.
func (c *committer) start(b *buffer) {
	p := c.idle[len(c.idle)-1]
	c.idle = c.idle[:len(c.idle)-1]
	c.packing = append(c.packing, p)
	p.buffer = b
	p.in <- b.data[c.taken:int(b.committed.Load())]
	c.buffer++
	c.taken = 0
}

// settle writes the block of the packer that has been at work longest, and that
// is done.
func (c *committer) settle() {
	p := c.packing[0]
	c.packing = append(c.packing[:0], c.packing[1:]...)
	c.idle = append(c.idle, p)
	c.put(p)
	c.w.free <- p.buffer
}

// take writes what was committed to the buffer since it was last looked at.
func (c *committer) take(b *buffer) {
	end := int(b.committed.Load())
	p := c.idle[0]
	p.make(b.data[c.taken:end], c.w.options.Codec)
	c.taken = end
	c.put(p)
}

// put writes a block, unless the writing has ended.
func (c *committer) put(p *blockPacker) {
	if p.records == 0 || c.w.failed() != nil {
		return
	}
	if op, err := c.write(p); err != nil {
		c.stop(op, err)
	}
}

// drain writes all that was committed before it is called.
func (c *committer) drain() {
	for {
		select {
		case b := <-c.w.full:
			c.finish(b)
			continue
		default:
		}
		b := c.w.cursor.Load()
		switch seq := b.seq.Load(); {
		case seq > c.buffer:
			// It was handed over after the channel was looked at.
			c.finish(<-c.w.full)
		case seq < c.buffer:
			return // handed over, written, and not yet replaced
		default:
			c.take(b)
			return
		}
	}
}

// write completes a block and writes it. The error comes with what was being
// done.
func (c *committer) write(p *blockPacker) (op string, err error) {
	out, zone := p.out, p.zone
	zone.First, zone.Last = c.next, c.next+uint64(p.records)-1
	encodeBlockHeader(out, zone, p.codec, p.stored, p.raw, p.digest)

	if c.seg.full(len(out), c.w.options.SegmentSize) {
		if op, err := c.rotate(); err != nil {
			return op, err
		}
	}
	blk := block{zone: *zone, codec: p.codec, header: p.header, stored: p.stored, raw: p.raw, records: p.records,
		digest: p.digest, before: c.seg.footer.chain}
	chainBlock(out, c.seg.header.Salt, blk.before)
	blk.headerCRC = sealBlock(out, p.header)
	if err := c.seg.put(out, &blk); err != nil {
		return "write", err
	}
	c.keys.add(c.seg, &p.sum)
	c.next += uint64(p.records)

	n := &c.w.count
	n.records.Add(uint64(p.records))
	n.raw.Add(uint64(p.raw))
	n.stored.Add(uint64(len(out)))
	n.blocks.Add(1)
	n.written.Store(c.next - 1)
	return "", nil
}

// rotate seals the segment and begins the next one.
func (c *committer) rotate() (op string, err error) {
	if err := c.sealed(0); err != nil {
		return "seal", err
	}
	old := c.seg
	if err := c.begin(old.header.following(&old.footer, c.next)); err != nil {
		return "create", err
	}
	c.sync.seal(old, c.next-1, nil)
	c.keys.seal(old)
	return "", nil
}

func (c *committer) sealed(flags uint32) error {
	before := c.seg.size
	if err := c.seg.seal(flags); err != nil {
		return err
	}
	c.w.count.stored.Add(uint64(c.seg.size - before))
	return nil
}

// stop ends the writing after an error. What is in the file already can be
// safe nevertheless, and the error is to say so.
func (c *committer) stop(op string, err error) {
	reply := make(chan error, 1)
	c.sync.request(c.seg, c.next-1, reply)
	<-reply
	path := c.seg.path
	var pe *fs.PathError
	if errors.As(err, &pe) {
		path, err = pe.Path, pe.Err
	}
	c.w.fail(op, path, err)
}

// end is Close.
func (c *committer) end(r request) {
	err := c.w.failed()
	if err == nil {
		if err = c.sealed(sealedClosed); err != nil {
			c.stop("seal", err)
			err = c.w.failed()
		}
	}
	reply := make(chan error, 1)
	c.sync.seal(c.seg, c.next-1, reply)
	if syncErr := <-reply; err == nil {
		err = syncErr
	}
	c.sync.stop()
	if err == nil {
		c.keys.seal(c.seg)
	}
	c.keys.stop()
	c.w.failure.CompareAndSwap(nil, &failure{ErrClosed})
	r.reply <- err
}
