// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"sync"
	"sync/atomic"
)

// windowSteps bounds how many steps are planned together.
const windowSteps = 4096

// A Key is something that steps of one window have in common: those that have it
// exclusively are done one after the other, in the order in which they were planned,
// and so before or after those that share it. Its zero value is ready. It is touched
// by nobody but who plans.
type Key struct {
	window  uint32
	writer  int32
	readers []int32
}

// A task is a step in a window.
type task struct {
	step    Step
	next    []int32 // that wait for it
	pending int32   // that it waits for; while the window is done, atomic
	ordinal uint64
	eventID uint64
	rec     uint32 // of the type
	doing   Doing
	skip    bool // it was done before
	err     error
}

// A window is steps that are planned, and then done, together.
type window struct {
	id       uint32
	number   uint64 // of the first record of the window, among those of the replay
	records  uint64
	parallel bool
	tasks    []task
}

func (w *window) reset(id uint32, number uint64) {
	w.id, w.number, w.records = id, number, 0
	clear(w.tasks)
	w.tasks = w.tasks[:0]
}

// add plans a step.
func (w *window) add(t task) {
	i := int32(len(w.tasks))
	w.tasks = append(w.tasks, t)
	if !w.parallel {
		return
	}
	t.step.Uses(func(k *Key, exclusive bool) {
		if k.window != w.id {
			k.window, k.writer, k.readers = w.id, -1, k.readers[:0]
		}
		w.after(i, k.writer)
		if !exclusive {
			k.readers = append(k.readers, i)
			return
		}
		for _, r := range k.readers {
			w.after(i, r)
		}
		k.writer, k.readers = i, k.readers[:0]
	})
}

// after makes task i wait for task j.
func (w *window) after(i, j int32) {
	if j < 0 || i == j {
		return
	}
	if n := w.tasks[j].next; len(n) > 0 && n[len(n)-1] == i {
		return
	}
	w.tasks[j].next = append(w.tasks[j].next, i)
	w.tasks[i].pending++
}

// do does the steps of the window. stop: nothing is begun after one that failed.
func (w *window) do(workers int, p *progress, stop bool) {
	if !w.parallel || workers < 2 {
		s := p.slot(0)
		for i := range w.tasks {
			if w.one(int32(i), s, p) && stop {
				return
			}
		}
		return
	}
	c := crew{window: w, progress: p, stop: stop, left: len(w.tasks)}
	c.wake.L = &c.mu
	for i := range w.tasks {
		if w.tasks[i].pending == 0 {
			c.ready = append(c.ready, int32(i))
		}
	}
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() { c.work(p.slot(i)) })
	}
	group.Wait()
}

// one does a task, and reports whether it failed.
func (w *window) one(i int32, s *slot, p *progress) (failed bool) {
	t := &w.tasks[i]
	if t.skip {
		return false
	}
	s.begin(i)
	t.doing.slot = s
	t.err = t.step.Do(&t.doing)
	p.done(i)
	return t.err != nil
}

// A crew does the steps of a window at the same time.
type crew struct {
	window   *window
	progress *progress
	stop     bool
	halted   atomic.Bool

	mu    sync.Mutex
	wake  sync.Cond
	ready []int32 // last in, first out, but for the first: as planned
	head  int
	left  int
}

func (c *crew) work(s *slot) {
	var batch []int32
	for {
		batch = c.take(batch[:0])
		if len(batch) == 0 {
			return
		}
		var freed []int32
		for _, i := range batch {
			if !c.halted.Load() && c.window.one(i, s, c.progress) && c.stop {
				c.halted.Store(true)
			}
			for _, n := range c.window.tasks[i].next {
				if atomic.AddInt32(&c.window.tasks[n].pending, -1) == 0 {
					freed = append(freed, n)
				}
			}
		}
		c.give(len(batch), freed)
	}
}

// batchSteps are taken at a time: often enough for the others to have work, and not
// so often that they wait for each other.
const batchSteps = 16

// take returns some that are ready, none when all are done.
func (c *crew) take(batch []int32) []int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.head == len(c.ready) {
		if c.left == 0 {
			return nil
		}
		c.wake.Wait()
	}
	n := min(batchSteps, max(1, (len(c.ready)-c.head)/2))
	batch = append(batch, c.ready[c.head:c.head+n]...)
	c.head += n
	return batch
}

func (c *crew) give(done int, freed []int32) {
	c.mu.Lock()
	c.ready = append(c.ready, freed...)
	c.left -= done
	c.mu.Unlock()
	if len(freed) > 0 || done > 0 {
		c.wake.Broadcast()
	}
}
