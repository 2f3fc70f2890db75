// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"slices"
)

// An indexer makes the indexes of the segments that a writer seals, in a
// goroutine of its own. The committer hands postings over and waits only if it
// is two lots ahead. Another goroutine makes the indexes that were missing when
// the journal was continued; it ends when the writer closes, with what is left
// for the next one.
type indexer struct {
	w    *Writer
	jobs chan indexJob
	free chan postings
	quit chan struct{}
	done chan struct{} // both goroutines send to it

	// The first goroutine's.
	runs   *postingRuns // of the segment that is being written
	failed bool
}

// An indexJob brings postings of the segment that is being written; the last
// ones come with the segment, sealed.
type indexJob struct {
	name   string
	list   postings
	sealed *segment
}

func newIndexer(w *Writer) *indexer {
	x := &indexer{w: w, jobs: make(chan indexJob, 1), free: make(chan postings, 1),
		quit: make(chan struct{}), done: make(chan struct{}, 2)}
	go x.run()
	if w.options.NoIndex {
		x.done <- struct{}{}
	} else {
		go x.catchUp()
	}
	return x
}

// add takes the keys of a block that was written.
func (x *indexer) add(s *segmentWriter, sum *summary) {
	if x.w.options.NoIndex {
		return
	}
	s.keys.add(len(s.footer.entries)-1, sum)
	if len(s.keys) < maxPostings {
		return
	}
	x.jobs <- indexJob{name: SegmentName(s.header.First), list: s.keys}
	select {
	case s.keys = <-x.free:
	default:
		s.keys = nil
	}
}

// seal takes a segment that was sealed. One without records is replaced by the
// next writer and needs no index.
func (x *indexer) seal(s *segmentWriter) {
	if s.footer.records == 0 || x.w.options.NoIndex {
		return
	}
	name := SegmentName(s.header.First)
	x.jobs <- indexJob{name, s.keys, &segment{name: name, first: s.header.First, header: &s.header, footer: &s.footer}}
	s.keys = nil
}

// stop ends both goroutines, the first one when it has done its jobs.
func (x *indexer) stop() {
	close(x.quit)
	close(x.jobs)
	<-x.done
	<-x.done
}

func (x *indexer) run() {
	defer func() { x.done <- struct{}{} }()
	for job := range x.jobs {
		if x.runs == nil {
			x.runs, x.failed = newRuns(x.w.options.FS, x.w.dir, job.name), false
		}
		var err error
		switch {
		case x.failed:
		case job.sealed == nil:
			err = x.runs.put(&job.list)
		default:
			err = writeIndex(x.w.dir, job.sealed, x.runs, &job.list)
		}
		if err != nil {
			x.failed = true
			x.w.count.indexFailures.Add(1)
		}
		if job.sealed != nil {
			x.end()
		}
		select {
		case x.free <- job.list[:0]:
		default:
		}
	}
	x.end() // a writer that failed seals nothing
}

func (x *indexer) end() {
	if x.runs != nil {
		_ = x.runs.close()
		x.runs = nil
	}
}

// catchUp makes the indexes that are missing.
func (x *indexer) catchUp() {
	defer func() { x.done <- struct{}{} }()
	for _, name := range x.missing() {
		select {
		case <-x.quit:
			return
		default:
		}
		if err := rebuildIndex(x.w.options.FS, x.w.dir, name); err != nil && !gone(err) {
			x.w.count.indexFailures.Add(1)
		}
	}
}

// missing are the segments of earlier writers that have no index.
func (x *indexer) missing() (names []string) {
	all, err := x.w.options.FS.ReadDir(x.w.dir)
	if err != nil {
		return nil
	}
	_ = removeAbandoned(x.w.options.FS, x.w.dir)
	for _, name := range all {
		if first, ok := ParseSegmentName(name); ok && first < x.w.recovery.Next && !slices.Contains(all, indexName(name)) {
			names = append(names, name)
		}
	}
	return names
}
