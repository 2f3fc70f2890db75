// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// A scanJob is one block of a scan, or an error in its place.
type scanJob struct {
	file   *sharedFile
	entry  entry
	salt   uint64
	name   string
	ready  chan struct{} // has room for one
	err    error
	buffer blockBuffer
}

// A sharedFile is closed by the last of its users.
type sharedFile struct {
	File
	users atomic.Int32
}

func (f *sharedFile) release() {
	if f.users.Add(-1) == 0 {
		_ = f.Close()
	}
}

// maxWorkers decompress ahead: one keeps up with a filter, the rest serve
// those that only copy.
const maxWorkers = 4

// An ahead reads and decompresses the blocks of a scan before they are visited.
type ahead struct {
	plan  *scanPlan
	queue chan *scanJob // in the order of the scan
	work  chan *scanJob
	idle  chan *scanJob
	quit  chan struct{}
	group sync.WaitGroup
	head  blockReader // of the planner
}

func readAhead(p *scanPlan) *ahead {
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	jobs := workers + 2
	a := &ahead{plan: p, queue: make(chan *scanJob, jobs), work: make(chan *scanJob, jobs),
		idle: make(chan *scanJob, jobs), quit: make(chan struct{})}
	for range jobs {
		a.idle <- &scanJob{ready: make(chan struct{}, 1)}
	}
	a.group.Add(1 + workers)
	go a.run()
	for range workers {
		go a.worker()
	}
	return a
}

// stop ends the goroutines, wherever they are.
func (a *ahead) stop() {
	close(a.quit)
	a.group.Wait()
}

// release gives a job back that was visited.
func (a *ahead) release(job *scanJob) {
	job.err = nil
	a.idle <- job
}

// run finds the blocks.
func (a *ahead) run() {
	defer a.group.Done()
	defer close(a.work)
	defer close(a.queue)
	p := a.plan
	for _, x := range p.segments {
		select {
		case <-a.quit:
			return // of many segments no block may be wanted
		default:
		}
		if !a.segment(x) {
			return
		}
	}
	// Whatever the last of them should have had.
	if n := len(p.segments); n == 0 {
		return
	} else if name := p.segments[n-1].name; p.options.Reverse {
		a.missing(p.missing(name, p.from, p.from-1))
	} else {
		a.missing(p.missing(name, p.to+1, p.to))
	}
}

// segment is false when the scan is to end.
func (a *ahead) segment(x *index) bool {
	p := a.plan
	blocks, last, err := p.narrow(x)
	if last != 0 {
		return a.missing(p.missing(x.name, max(x.first, p.from), min(last, p.to)))
	}
	var entries []entry
	var header *segmentHeader
	if err == nil {
		entries, header, err = p.entries(x)
	}
	var f File
	if err == nil {
		f, err = p.reader.open(x)
	}
	if notExist(err) {
		p.reader.mu.Lock()
		y := p.reader.moved(x)
		p.reader.mu.Unlock()
		if y != nil {
			return a.segment(y)
		}
	}
	if err != nil {
		// What is gone shows as missing when the next one comes.
		return gone(err) || a.fail(err)
	}
	file := &sharedFile{File: f}
	file.users.Store(1)
	defer file.release()
	a.head.r, a.head.salt = f, header.Salt
	lo, hi := p.wanted(entries)
	for i := range hi - lo {
		if i += lo; p.options.Reverse {
			i = hi - 1 - (i - lo)
		}
		e := entries[i]
		if !a.missing(p.missing(x.name, max(e.first, p.from), min(e.last(), p.to))) {
			return false
		}
		if blocks != nil && !blocks.has(i) || !p.timely(e.minKtime, e.maxKtime, header.WallOffset) || !a.passes(&e, header.WallOffset) {
			continue
		}
		job, ok := a.take()
		if !ok {
			return false
		}
		job.entry, job.salt, job.name, job.file = e, header.Salt, x.name, file
		file.users.Add(1)
		a.work <- job
		a.queue <- job
	}
	return true
}

// passes: the block may have what the scan looks for. One whose header cannot
// be read passes, so that its damage is found.
func (a *ahead) passes(e *entry, wallOffset int64) bool {
	if a.plan.options.Filter == nil {
		return true
	}
	var blk block
	if err := a.head.readHeader(e.offset, e.end(), &blk); err != nil {
		return true
	}
	blk.zone.WallOffset = wallOffset
	return a.plan.options.Filter(&blk.zone)
}

func (a *ahead) take() (*scanJob, bool) {
	select {
	case job := <-a.idle:
		return job, true
	case <-a.quit:
		return nil, false
	}
}

func (a *ahead) missing(d *DamageError) bool { return d == nil || a.put(d) }

func (a *ahead) fail(err error) bool {
	a.put(err)
	return false
}

// put queues an error in the place of a block.
func (a *ahead) put(err error) bool {
	job, ok := a.take()
	if !ok {
		return false
	}
	job.err = err
	job.ready <- struct{}{}
	a.queue <- job
	return true
}

func (a *ahead) worker() {
	defer a.group.Done()
	for job := range a.work {
		e := &job.entry
		err := job.buffer.load(job.file, e, job.salt)
		if errors.Is(err, ErrDamaged) {
			err = &DamageError{Segment: job.name, Offset: e.offset, Bytes: e.size(),
				First: max(e.first, a.plan.from), Last: min(e.last(), a.plan.to), Err: err}
		}
		job.file.release()
		job.file = nil
		job.err = err
		job.ready <- struct{}{}
		// Who waits for the block is to visit it here and now, where it is in the
		// processor's cache, and not on another one when this one runs out of work.
		runtime.Gosched()
	}
}
