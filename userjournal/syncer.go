// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"io/fs"
	"slices"
	"sync/atomic"
	"time"
)

// A syncer makes segments durable in a goroutine of its own, so that a slow
// disk does not hold up compression and writing.
type syncer struct {
	w     *Writer
	jobs  chan syncJob
	ended chan struct{}

	pending atomic.Int64 // jobs
	// named: a file was created whose name is not yet durable. The
	// committer's own; it goes with the next job.
	named bool
	// held, the committer's too, are sealed segments that nobody wants to be
	// durable yet.
	held []syncJob
}

// A syncJob makes all up to an ordinal durable that is in one file. Jobs are
// done in order, so that what is in the files before is durable by then.
type syncJob struct {
	file  File
	path  string
	upTo  uint64
	named bool
	last  bool // close the file
	reply []chan<- error
}

// maxHeld bounds the files that are open because nobody asked to have them synced.
const maxHeld = 64

func newSyncer(w *Writer) *syncer {
	return &syncer{w: w, jobs: make(chan syncJob, 8), ended: make(chan struct{})}
}

func (s *syncer) job(seg *segmentWriter, upTo uint64) syncJob {
	job := syncJob{file: seg.file, path: seg.path, upTo: upTo, named: s.named}
	s.named = false
	return job
}

// send hands over the job, after those that are held.
func (s *syncer) send(job syncJob) {
	for _, held := range s.held {
		s.pending.Add(1)
		s.jobs <- held
	}
	s.held = s.held[:0]
	s.pending.Add(1)
	s.jobs <- job
}

// request asks for an answer when all up to the ordinal is durable. If those who
// ask wait for nothing else, it is done at once: to wake the syncer would only
// make them wait for that too.
func (s *syncer) request(seg *segmentWriter, upTo uint64, reply []chan<- error) {
	job := s.job(seg, upTo)
	if s.w.options.Durability.waits() && len(s.held) == 0 && s.pending.Load() == 0 {
		job.reply = reply
		s.finish(job)
		return
	}
	job.reply = slices.Clone(reply)
	s.send(job)
}

// interval is asked for by the clock: a disk that has not done the last one yet
// gets no further.
func (s *syncer) interval(seg *segmentWriter, upTo uint64) {
	if s.w.options.Durability == DurabilityNone || s.pending.Load() > 0 ||
		upTo == s.w.count.acknowledged.Load() || s.w.failed() != nil {
		return
	}
	s.send(s.job(seg, upTo))
}

// seal is for a segment to which nothing more is written.
func (s *syncer) seal(seg *segmentWriter, upTo uint64) {
	job := s.job(seg, upTo)
	job.last = true
	if s.w.options.Durability == DurabilityNone && len(s.held) < maxHeld {
		s.held = append(s.held, job)
		return
	}
	s.send(job)
}

// close is seal for the last segment.
func (s *syncer) close(seg *segmentWriter, upTo uint64, reply chan<- error) {
	job := s.job(seg, upTo)
	job.last, job.reply = true, []chan<- error{reply}
	s.send(job)
}

func (s *syncer) stop() {
	close(s.jobs)
	<-s.ended
}

func (s *syncer) run() {
	defer close(s.ended)
	var group []syncJob
	for job := range s.jobs {
		// Whatever was asked for meanwhile is answered by the same sync.
		group = append(group[:0], job)
		for more := true; more; {
			select {
			case next, ok := <-s.jobs:
				if ok {
					group = append(group, next)
				}
				more = ok
			default:
				more = false
			}
		}
		s.do(group)
	}
}

func (s *syncer) do(group []syncJob) {
	for len(group) > 0 {
		n, named := 1, group[0].named
		for n < len(group) && group[n].file == group[0].file {
			named = named || group[n].named
			n++
		}
		job := group[n-1]
		job.named = named
		for _, j := range group[:n-1] {
			job.reply = append(job.reply, j.reply...)
		}
		s.finish(job)
		s.pending.Add(-int64(n))
		group = group[n:]
	}
}

// finish does a job and says so.
func (s *syncer) finish(job syncJob) {
	err := s.one(job)
	for _, reply := range job.reply {
		reply <- err
	}
}

// one does a job. After a sync has failed nobody knows what the kernel still
// keeps of the data, so there is no second try: the writer stops.
func (s *syncer) one(job syncJob) error {
	err := s.w.failed()
	if err == nil {
		if op, cause := s.sync(job); cause != nil {
			var pe *fs.PathError
			if errors.As(cause, &pe) {
				cause = pe.Err
			}
			s.w.fail(op, job.path, cause)
			err = s.w.failed()
		}
	}
	if job.last {
		// Nothing depends on it: the data is durable, or known not to be.
		_ = job.file.Close()
	}
	return err
}

func (s *syncer) sync(job syncJob) (op string, err error) {
	begun := time.Now()
	if err := job.file.Sync(); err != nil {
		return "sync", err
	}
	if job.named {
		if err := s.w.options.FS.SyncDir(s.w.dir); err != nil {
			return "sync directory of", err
		}
	}
	s.w.count.syncs.Add(1)
	s.w.count.syncing.Add(time.Since(begun))
	s.w.count.acknowledged.Store(job.upTo)
	return "", nil
}
