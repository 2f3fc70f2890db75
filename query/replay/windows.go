// SPDX-License-Identifier: Apache-2.0

package replay

// An outcome is what became of the steps of a window.
type outcome struct {
	steps  uint64
	failed []task
}

// windows are two that take turns: one is planned while the other is done.
type windows struct {
	now  *window // the one that is planned
	free []*window
	held func() bool // records wait for others; nil: never
	id   uint32

	work chan *window
	back chan *window
	out  int // windows that are not back
}

func newWindows(workers int, parallel bool, p *progress, stop bool) *windows {
	ws := &windows{work: make(chan *window, 2), back: make(chan *window, 2)}
	for range 2 {
		ws.free = append(ws.free, &window{parallel: parallel, tasks: make([]task, 0, windowSteps)})
	}
	go func() {
		defer close(ws.back)
		failed := false
		for w := range ws.work {
			if !failed {
				p.begin(w)
				w.do(workers, p, stop)
			}
			for i := range w.tasks {
				failed = failed || stop && w.tasks[i].err != nil
			}
			ws.back <- w
		}
	}()
	return ws
}

// open begins a window with the record of that number.
func (ws *windows) open(number uint64) {
	if ws.now == nil {
		ws.now, ws.free = ws.free[len(ws.free)-1], ws.free[:len(ws.free)-1]
	}
	ws.id++
	ws.now.reset(ws.id, number)
}

// submit gives the window to be done and opens the next one, with the record of that
// number. It returns what became of one before, if one had to be waited for.
func (ws *windows) submit(next uint64) (done []outcome) {
	if len(ws.now.tasks) == 0 {
		ws.open(next)
		return nil
	}
	ws.work <- ws.now
	ws.out++
	ws.now = nil
	if len(ws.free) == 0 {
		done = append(done, ws.take())
	}
	ws.open(next)
	return done
}

// take waits for a window.
func (ws *windows) take() outcome {
	w := <-ws.back
	ws.out--
	ws.free = append(ws.free, w)
	var o outcome
	for i := range w.tasks {
		t := &w.tasks[i]
		if t.err != nil {
			o.failed = append(o.failed, *t)
		} else if !t.skip {
			o.steps++
		}
	}
	return o
}

// drain waits for all windows that were given to be done.
func (ws *windows) drain() (done []outcome) {
	for ws.out > 0 {
		done = append(done, ws.take())
	}
	return done
}

func (ws *windows) holding() bool { return ws.held != nil && ws.held() }

// end ends the goroutine.
func (ws *windows) end() {
	close(ws.work)
	for range ws.back {
	}
}
