// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"time"

	"vexj/internal/latency"
)

// A committer makes blocks of what was appended and writes them. Who has its turn
// does that: a goroutine of its own where buffers are full, and by the clock;
// otherwise whoever wants something, so that nobody has to be woken for it.
type committer struct {
	w    *Writer
	turn chan struct{} // who sends has it, until he receives
	quit chan struct{} // closed at the end

	// All below is his whose turn it is.

	seg  *segmentWriter
	sync *syncer
	keys *indexer

	next uint64 // ordinal of the next record to write
	from uint64 // the same, but that it goes on after a failure

	packing *packing
	ahead   []*blockPacker // that have made blocks behind the one that is due

	group   []request // that are being served, or were last
	waiting []chan<- error
}

func newCommitter(w *Writer, h segmentHeader) (*committer, error) {
	c := &committer{w: w, turn: make(chan struct{}, 1), quit: make(chan struct{}),
		next: h.First, from: h.First, sync: newSyncer(w), keys: newIndexer(w)}
	c.packing = newPacking(w, c.quit)
	if err := c.begin(h); err != nil {
		c.keys.stop()
		return nil, fmt.Errorf("create journal: %w", err)
	}
	c.packing.start()
	return c, nil
}

// begin starts a segment.
func (c *committer) begin(h segmentHeader) error {
	h.Salt = newSalt()
	h.setClock(c.w.options.clock(), time.Now().UnixNano())
	create := createSegment
	if SegmentName(h.First) == c.w.replaces {
		create = replaceSegment
	}
	seg, err := create(c.w.options.FS, c.w.dir, h)
	if err != nil {
		return err
	}
	seg.signer, seg.limit = c.w.options.Key, c.w.options.SegmentSize
	if c.w.options.Durability.waits() {
		seg.zeroed = seg.size
	}
	seg.clocked = c.w.options.Durability == DurabilityInterval && c.w.options.Interval > 0
	c.seg = seg
	c.sync.named = true
	c.w.count.segments.Add(1)
	c.w.count.stored.Add(HeaderSize)
	return nil
}

func (c *committer) run() {
	defer close(c.w.done)
	go c.sync.run()
	var tick <-chan time.Time
	if c.w.options.Interval > 0 {
		t := time.NewTicker(c.w.options.Interval)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-c.quit:
			return
		case <-c.w.work:
			c.turn <- struct{}{}
			c.work()
		case <-tick:
			c.turn <- struct{}{}
			c.drain()
			c.sync.interval(c.seg, c.next-1)
			c.age()
		}
		<-c.turn
	}
}

// work writes what is full, unless somebody else did meanwhile.
func (c *committer) work() {
	for range 4 * buffers { // others want their turn
		if !c.settle() && !c.packing.one() {
			return
		}
	}
	c.w.wake()
}

// due is called by who has made a block, and writes those that are due unless it is
// somebody else's turn.
func (c *committer) due() {
	select {
	case c.turn <- struct{}{}:
		for c.settle() {
		}
		<-c.turn
	default:
		poke(c.w.work)
	}
}

// serve does what r asks for, and what others ask for meanwhile: what they have
// appended is in the same blocks and made safe by the same sync.
func (c *committer) serve(r request) {
	c.gather(r)
	c.drain()
	err := c.w.failed()
	c.waiting = c.waiting[:0]
	var last request
	for _, r := range c.group {
		switch {
		case r.kind == requestClose:
			last = r
		case err == nil && r.kind == requestSync:
			c.waiting = append(c.waiting, r.reply)
		default:
			r.reply <- err
		}
	}
	if len(c.waiting) > 0 {
		c.sync.request(c.seg, c.next-1, c.waiting)
	}
	if last.reply != nil {
		c.end(last)
	}
}

// maxGroup bounds how long the first of a group waits for the others.
const maxGroup = 64

// gather collects the requests that come at the same time as r. Those who have
// been served by one sync come with their next records all at once: to begin
// the next sync with the first of them would make the others wait for it. Who was
// alone the last time does not look around, as that wakes another thread.
func (c *committer) gather(r request) {
	crowd := len(c.group) > 1
	c.group = append(c.group[:0], r)
	for n := 0; n < len(c.group) && len(c.group) < maxGroup; {
		n = len(c.group)
		if crowd {
			runtime.Gosched()
		}
		for more := true; more && len(c.group) < maxGroup; {
			select {
			case r := <-c.w.requests:
				c.group = append(c.group, r)
			default:
				more = false
			}
		}
	}
}

// drain writes all that was appended before it is called.
func (c *committer) drain() { c.reach(c.w.collect()) }

// reach writes all up to the ordinal, which was handed over.
func (c *committer) reach(upTo uint64) {
	for c.from <= upTo {
		if !c.settle() && !c.packing.one() {
			// Somebody has the one that is due in hand: buffers are taken in order.
			c.ahead = append(c.ahead, <-c.packing.packed)
		}
	}
}

// settle writes the block that is due, if it has been made.
func (c *committer) settle() bool {
	for more := true; more; {
		select {
		case p := <-c.packing.packed:
			c.ahead = append(c.ahead, p)
		default:
			more = false
		}
	}
	for i, p := range c.ahead {
		if p.block.zone.First == c.from {
			c.ahead = slices.Delete(c.ahead, i, i+1)
			c.from += uint64(p.block.records)
			c.put(p)
			c.w.giveBack(p)
			return true
		}
	}
	return false
}

// put writes a block, unless the writing has ended.
func (c *committer) put(p *blockPacker) {
	if c.w.failed() != nil || !c.inOrder() {
		return
	}
	if op, err := c.write(p); err != nil {
		c.stop(op, err)
	}
}

// inOrder waits until all that was written is durable, if no block may be so before it.
func (c *committer) inOrder() bool {
	if !c.w.options.Ordered || c.w.count.acknowledged.Load() >= c.next-1 {
		return true
	}
	done := make(chan error, 1)
	c.sync.request(c.seg, c.next-1, []chan<- error{done})
	return <-done == nil
}

// write completes a block and writes it. The error comes with what was being
// done.
func (c *committer) write(p *blockPacker) (op string, err error) {
	if c.seg.full(len(p.out), c.w.options.SegmentSize) || c.old() {
		if op, err := c.rotate(); err != nil {
			return op, err
		}
	}
	p.chain(c.seg.header.Salt, c.seg.footer.chain)
	if err := c.seg.put(p.out, &p.block); err != nil {
		return "write", err
	}
	c.keys.add(c.seg, &p.sum)
	c.next += uint64(p.block.records)

	n := &c.w.count
	n.records.Add(uint64(p.block.records))
	n.raw.Add(uint64(p.block.raw))
	n.stored.Add(uint64(len(p.out)))
	n.blocks.Add(1)
	if c.w.options.Clock == nil {
		n.writing.Add(latency.Since(p.block.zone.MinKtime, latency.Now()))
	}
	n.written.Store(c.next - 1)
	return "", nil
}

// old: the segment has been written to for as long as it may be.
func (c *committer) old() bool {
	age := c.w.options.SegmentAge
	return age > 0 && len(c.seg.footer.entries) > 0 && time.Now().UnixNano()-c.seg.header.Created >= int64(age)
}

// age ends a segment that is old, though nothing more may come.
func (c *committer) age() {
	if c.w.failed() != nil || !c.old() {
		return
	}
	if op, err := c.rotate(); err != nil {
		c.stop(op, err)
	}
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
	c.sync.seal(old, c.next-1)
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
	c.sync.request(c.seg, c.next-1, []chan<- error{reply})
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
	c.reach(c.w.end())
	err := c.w.failed()
	if err == nil {
		if err = c.sealed(sealedClosed); err != nil {
			c.stop("seal", err)
			err = c.w.failed()
		}
	}
	reply := make(chan error, 1)
	c.sync.close(c.seg, c.next-1, reply)
	if syncErr := <-reply; err == nil {
		err = syncErr
	}
	c.sync.stop()
	if err == nil {
		c.keys.seal(c.seg)
	}
	c.keys.stop()
	c.w.failure.CompareAndSwap(nil, &failure{ErrClosed})
	close(c.quit)
	r.reply <- err
}
