// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// A Writer appends to a journal.
//
// Append and AppendBatch are for one goroutine at a time: they are the fast
// path and take no lock. Flush, Sync and Stats may be called by any goroutine
// at any time. Close ends all of them.
type Writer struct {
	// The appender's own.
	cur  *buffer
	data []byte // cur.data
	pos  int
	next uint64 // ordinal
	each bool   // DurabilityRecord

	failure  atomic.Pointer[failure]
	cursor   atomic.Pointer[buffer] // cur, for the committer
	full     chan *buffer
	free     chan *buffer
	requests chan request
	done     chan struct{} // closed when the committer has ended

	dir      string
	options  Options
	lock     io.Closer
	recovery RecoveryReport
	count    counters
	close    sync.Once
	closeErr error
}

// A failure is why the writer takes nothing more: a *StoppedError or ErrClosed.
type failure struct{ err error }

// Create makes a journal in the directory, or continues the one that is there;
// Recovery tells what it found. There is one writer at a time: ErrLocked.
func Create(dir string, o Options) (*Writer, error) {
	if err := o.normalize(); err != nil {
		return nil, err
	}
	if err := o.FS.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	// Nothing is put into a directory of something else, not even a lock.
	names, foreign, err := listSegments(o.FS, dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 && foreign != "" {
		return nil, foreignError(dir, foreign)
	}
	lock, err := o.FS.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	w, err := create(dir, o, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return w, nil
}

func foreignError(dir, name string) error {
	return fmt.Errorf("%s: %w: it holds %q; give an empty or a new directory", dir, ErrNotJournal, name)
}

func create(dir string, o Options, lock io.Closer) (*Writer, error) {
	r := recovery{fs: o.FS, dir: dir, key: o.Key}
	h, err := r.run()
	if err != nil {
		return nil, err
	}
	h.BlockSize = uint32(o.BlockSize)
	w := &Writer{
		next: h.First, each: o.Durability == DurabilityRecord,
		full: make(chan *buffer, buffers), free: make(chan *buffer, buffers),
		requests: make(chan request), done: make(chan struct{}),
		dir: dir, options: o, lock: lock, recovery: r.report,
	}
	w.count.written.Store(h.First - 1)
	w.count.acknowledged.Store(h.First - 1)
	c, err := newCommitter(w, h)
	if err != nil {
		return nil, err
	}
	w.recovery.ClockBack = time.Duration(c.seg.header.ClockBack)
	for i := range buffers {
		b := &buffer{data: make([]byte, o.BlockSize)}
		if i == 0 {
			w.use(b, 1)
			continue
		}
		w.free <- b
	}
	go c.run()
	return w, nil
}

// use makes b the buffer that Append fills.
func (w *Writer) use(b *buffer, seq uint64) {
	w.cur, w.data, w.pos = b, b.data, 0
	b.committed.Store(0)
	b.seq.Store(seq)
	w.cursor.Store(b)
}

// Recovery tells what Create found.
func (w *Writer) Recovery() RecoveryReport { return w.recovery }

// Append copies the record into the journal and returns its ordinal. When it
// is acknowledged depends on the durability. rec may be used again at once.
func (w *Writer) Append(rec []byte) (ordinal uint64, err error) {
	n, ok := recordSize(rec)
	if !ok || n != len(rec) || n > len(w.data)-w.pos || w.each || w.failure.Load() != nil {
		return w.appendSlow(rec)
	}
	copy(w.data[w.pos:], rec)
	w.pos += n
	w.cur.committed.Store(int64(w.pos))
	ordinal = w.next
	w.next++
	return ordinal, nil
}

// appendSlow does what Append has no time for.
func (w *Writer) appendSlow(rec []byte) (uint64, error) {
	if err := checkRecord(rec); err != nil {
		return 0, err
	}
	if err := w.put(rec); err != nil {
		return 0, err
	}
	ordinal := w.next - 1
	if w.each {
		if err := w.Sync(); err != nil {
			return 0, err
		}
	}
	return ordinal, nil
}

// AppendBatch appends all the records, or none if one of them is not a record,
// and returns the ordinal of the first. Readers may see them one by one.
func (w *Writer) AppendBatch(recs [][]byte) (first uint64, err error) {
	for i, rec := range recs {
		if err := checkRecord(rec); err != nil {
			return 0, fmt.Errorf("record %d of the batch: %w", i, err)
		}
	}
	first = w.next
	for _, rec := range recs {
		if err := w.put(rec); err != nil {
			return 0, err
		}
	}
	if w.each || w.options.Durability == DurabilityBatch {
		if err := w.Sync(); err != nil {
			return 0, err
		}
	}
	return first, nil
}

func checkRecord(rec []byte) error {
	if n, ok := recordSize(rec); !ok || n != len(rec) {
		return fmt.Errorf("%w: %d bytes whose header does not say so", ErrRecord, len(rec))
	}
	return nil
}

// put copies a checked record.
func (w *Writer) put(rec []byte) error {
	if f := w.failure.Load(); f != nil {
		return f.err
	}
	if len(rec) > len(w.data)-w.pos {
		if err := w.exchange(); err != nil {
			return err
		}
	}
	w.pos += copy(w.data[w.pos:], rec)
	w.cur.committed.Store(int64(w.pos))
	w.next++
	return nil
}

// exchange hands the buffer over and takes an empty one.
func (w *Writer) exchange() error {
	seq := w.cur.seq.Load() + 1
	w.full <- w.cur // has room for all there are
	select {
	case b := <-w.free:
		w.use(b, seq)
		return nil
	default:
	}
	start := time.Now()
	defer func() {
		w.count.stalls.Add(1)
		w.count.stallTime.Add(uint64(time.Since(start)))
	}()
	select {
	case b := <-w.free:
		w.use(b, seq)
		return nil
	case <-w.done:
		// Append must not touch what it has handed over.
		w.data, w.pos = nil, 0
		return w.failure.Load().err
	}
}

// Flush makes all that was appended before visible to readers. It does not
// make it safe.
func (w *Writer) Flush() error { return w.request(requestFlush) }

// Sync returns when all that was appended before is acknowledged: it is on the
// disk, as are the names of the files.
func (w *Writer) Sync() error { return w.request(requestSync) }

// Close syncs, seals the last segment and gives the lock back. After that, and
// after a failure of the disk, the writer does nothing but return errors.
func (w *Writer) Close() error {
	w.close.Do(func() {
		w.closeErr = w.request(requestClose)
		<-w.done
		if err := w.lock.Close(); w.closeErr == nil && err != nil {
			w.closeErr = fmt.Errorf("close journal: %w", err)
		}
	})
	return w.closeErr
}

type requestKind int

const (
	requestFlush requestKind = iota
	requestSync
	requestClose
)

type request struct {
	kind  requestKind
	reply chan error
}

// replies are kept: with DurabilityRecord every Append needs one.
var replies = sync.Pool{New: func() any { return make(chan error, 1) }}

func (w *Writer) request(kind requestKind) error {
	reply := replies.Get().(chan error)
	select {
	case w.requests <- request{kind, reply}:
		err := <-reply
		replies.Put(reply)
		return err
	case <-w.done:
		return w.failure.Load().err
	}
}

// fail stops the writer; the first reason stands.
func (w *Writer) fail(op, path string, err error) {
	w.failure.CompareAndSwap(nil, &failure{&StoppedError{Op: op, Path: path,
		Acknowledged: w.count.acknowledged.Load(), Err: err}})
}

func (w *Writer) failed() error {
	if f := w.failure.Load(); f != nil {
		return f.err
	}
	return nil
}
