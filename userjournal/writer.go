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

// A Writer appends to a journal. All its methods may be called by any goroutine
// at any time; records that one goroutine appends stay in their order. Close ends
// all of them.
type Writer struct {
	cur     atomic.Pointer[buffer] // the one that is being filled
	failure atomic.Pointer[failure]
	each    bool // DurabilityRecord

	mu    sync.Mutex // guards these, and the exchange of cur
	room  sync.Cond  // a buffer came back, or none will
	free  []*buffer
	long  bool // a batch of several blocks is being appended
	ended bool // Close was called

	commit   *committer
	full     chan *buffer  // sealed, in order; has room for all; taken from with mu held
	work     chan struct{} // has room for one: there is something in full
	requests chan request  // for whose turn it is
	done     chan struct{} // closed when the committer has ended

	dir      string
	journal  [16]byte
	options  Options
	lock     io.Closer
	recovery RecoveryReport
	replaces string // a segment without records whose place the first one takes
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
	if len(names) == 0 && len(foreign) > 0 {
		return nil, foreignError(dir, foreign[0])
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
		each: o.Durability == DurabilityRecord,
		full: make(chan *buffer, buffers), work: make(chan struct{}, 1),
		requests: make(chan request), done: make(chan struct{}),
		dir: dir, journal: h.Journal, options: o, lock: lock, recovery: r.report,
		replaces: r.alone,
	}
	w.room.L = &w.mu
	w.count.written.Store(h.First - 1)
	w.count.acknowledged.Store(h.First - 1)
	c, err := newCommitter(w, h)
	if err != nil {
		return nil, err
	}
	w.commit = c
	w.recovery.ClockBack = time.Duration(c.seg.header.ClockBack)
	for range buffers {
		w.free = append(w.free, newBuffer(o.BlockSize))
	}
	first := w.unused()
	first.open(h.First)
	w.cur.Store(first)
	go c.run()
	return w, nil
}

// Dir is the directory of the journal.
func (w *Writer) Dir() string { return w.dir }

// Recovery tells what Create found.
func (w *Writer) Recovery() RecoveryReport { return w.recovery }

// Append copies the record into the journal and returns its ordinal. When it
// is acknowledged depends on the durability. rec may be used again at once.
func (w *Writer) Append(rec []byte) (ordinal uint64, err error) {
	n, ok := recordSize(rec)
	if !ok || n != len(rec) {
		return 0, errNoRecord(rec)
	}
	if f := w.failure.Load(); f != nil {
		return 0, f.err
	}
	b := w.cur.Load()
	at, ordinal, ok := b.reserve(n, 1)
	if !ok {
		if b, at, ordinal, err = w.reserve(n, 1); err != nil {
			return 0, err
		}
	}
	copy(b.data[at:], rec)
	b.copied(n)
	if w.each {
		if err := w.Sync(); err != nil {
			return 0, err
		}
	}
	return ordinal, nil
}

// AppendBatch appends all the records, or none if one of them is not a record,
// and returns the ordinal of the first; the others follow it without a gap. With
// no records it does nothing and returns 0.
// Readers may see some of them before the others.
func (w *Writer) AppendBatch(recs [][]byte) (first uint64, err error) {
	if len(recs) == 0 {
		return 0, nil
	}
	size := 0
	for i, rec := range recs {
		if n, ok := recordSize(rec); !ok || n != len(rec) {
			return 0, fmt.Errorf("record %d of the batch: %w", i, errNoRecord(rec))
		}
		size += len(rec)
	}
	if f := w.failure.Load(); f != nil {
		return 0, f.err
	}
	if size > w.options.BlockSize {
		first, err = w.appendLong(recs)
	} else {
		first, err = w.appendShort(recs, size)
	}
	if err == nil && (w.each || w.options.Durability == DurabilityBatch) {
		err = w.Sync()
	}
	if err != nil {
		return 0, err
	}
	return first, nil
}

func (w *Writer) appendShort(recs [][]byte, size int) (uint64, error) {
	b := w.cur.Load()
	at, first, ok := b.reserve(size, uint64(len(recs)))
	if !ok {
		var err error
		if b, at, first, err = w.reserve(size, uint64(len(recs))); err != nil {
			return 0, err
		}
	}
	b.fill(at, recs)
	b.copied(size)
	return first, nil
}

func errNoRecord(rec []byte) error {
	return fmt.Errorf("%w: %d bytes whose header does not say so", ErrRecord, len(rec))
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
	r := request{kind, replies.Get().(chan error)}
	select {
	case w.requests <- r:
	case w.commit.turn <- struct{}{}:
		w.commit.serve(r)
		<-w.commit.turn
	}
	err := <-r.reply
	replies.Put(r.reply)
	return err
}

// fail stops the writer; the first reason stands.
func (w *Writer) fail(op, path string, err error) {
	w.failure.CompareAndSwap(nil, &failure{&StoppedError{Op: op, Path: path,
		Acknowledged: w.count.acknowledged.Load(), Err: err}})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.room.Broadcast()
}

func (w *Writer) failed() error {
	if f := w.failure.Load(); f != nil {
		return f.err
	}
	return nil
}
