// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"slices"
)

// An indexer makes the indexes of sealed segments in a goroutine of its own, in
// nobody's way: if it falls behind it lets go of the postings and makes that
// index from the records, when there is time.
type indexer struct {
	w    *Writer
	jobs chan indexJob
	free chan postings
	quit chan struct{} // closed: finish the jobs, leave the backlog
	done chan struct{}
}

type indexJob struct {
	segment  segment
	postings postings
}

func newIndexer(w *Writer) *indexer {
	x := &indexer{w: w, jobs: make(chan indexJob, 1), free: make(chan postings, 1),
		quit: make(chan struct{}), done: make(chan struct{})}
	go x.run()
	return x
}

// put hands over a segment that was sealed, with its postings.
func (x *indexer) put(s *segmentWriter) {
	if s.footer.records == 0 {
		return // the next writer replaces it
	}
	job := indexJob{segment{name: SegmentName(s.header.First), first: s.header.First,
		header: &s.header, footer: &s.footer}, s.keys}
	s.keys = postings{}
	select {
	case x.jobs <- job:
	default:
	}
}

// buffer returns postings to fill.
func (x *indexer) buffer() postings {
	select {
	case p := <-x.free:
		p.reset()
		return p
	default:
		return postings{}
	}
}

// stop makes what was handed over and ends.
func (x *indexer) stop() {
	close(x.quit)
	<-x.done
}

func (x *indexer) run() {
	defer close(x.done)
	backlog := x.missing()
	for {
		var now chan struct{}
		if len(backlog) > 0 {
			now = closedChannel
		}
		select {
		case job := <-x.jobs:
			x.write(job)
			continue
		case <-x.quit:
			select {
			case job := <-x.jobs:
				x.write(job)
			default:
			}
			return
		default:
		}
		select {
		case job := <-x.jobs:
			x.write(job)
		case <-x.quit:
		case <-now:
			x.rebuild(backlog[0])
			backlog = backlog[1:]
		}
	}
}

var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (x *indexer) write(job indexJob) {
	if err := writeIndex(x.w.options.FS, x.w.dir, &job.segment, &job.postings); err != nil {
		x.w.count.indexFailures.Add(1)
	}
	select {
	case x.free <- job.postings:
	default:
	}
}

// missing are the segments that have no index, but for the one that is being
// written.
func (x *indexer) missing() []string {
	all, err := x.w.options.FS.ReadDir(x.w.dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, name := range all {
		if first, ok := ParseSegmentName(name); ok && first < x.w.recovery.Next && !slices.Contains(all, indexName(name)) {
			names = append(names, name)
		}
	}
	return names
}

func (x *indexer) rebuild(name string) {
	if err := rebuildIndex(x.w.options.FS, x.w.dir, name); err != nil && !gone(err) {
		x.w.count.indexFailures.Add(1)
	}
}
