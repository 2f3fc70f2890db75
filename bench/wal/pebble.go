// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var pebbleWAL = engine{name: "pebble-wal", note: "one file", open: openPebbleWAL, visit: visitPebbleWAL}

// A pebbleLog is the writer of Pebble's write-ahead log, under the mutex that
// its commit pipeline takes for it.
type pebbleLog struct {
	p    policy
	file vfs.File

	mu  sync.Mutex
	log *record.LogWriter
	// slots are the syncs that may be under way: the writer has room for so many.
	slots chan struct{}
}

const (
	pebbleLogNumber = 1
	// What a store preallocates: 110% of a memtable of 64 MiB.
	pebblePreallocate = 64 << 20 * 11 / 10
)

func pebblePath(dir string) string { return filepath.Join(dir, "000001.log") }

// unsynced hides Sync, which Close would call.
type unsynced struct{ io.Writer }

func openPebbleWAL(dir string, p policy) (journal, error) {
	if _, err := vfs.Default.Stat(pebblePath(dir)); err == nil {
		// It never continues a log: the store reads it and begins another.
		if err := visitPebbleWAL(dir, func([]byte) {}); err != nil {
			return nil, err
		}
	}
	f, err := vfs.Default.Create(pebblePath(dir), "pebble-wal")
	if err != nil {
		return nil, err
	}
	f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{NoSyncOnClose: true, PreallocateSize: pebblePreallocate})
	j := &pebbleLog{p: p, file: f, slots: make(chan struct{}, record.SyncConcurrency-1)}
	var w io.Writer = f
	if p == never {
		w = unsynced{f}
	}
	j.log = record.NewLogWriter(w, pebbleLogNumber, record.LogWriterConfig{
		QueueSemChan: j.slots, WriteWALSyncOffsets: func() bool { return false }})
	return j, nil
}

func (j *pebbleLog) append(recs [][]byte) error {
	var done sync.WaitGroup
	var syncErr error
	if j.p.waits() {
		j.slots <- struct{}{}
		done.Add(1)
	}
	if err := j.write(recs, &done, &syncErr); err != nil {
		return err
	}
	done.Wait()
	return syncErr
}

// write asks for a sync with the last record.
func (j *pebbleLog) write(recs [][]byte, done *sync.WaitGroup, syncErr *error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, rec := range recs {
		var err error
		if j.p.waits() && i == len(recs)-1 {
			_, err = j.log.SyncRecord(rec, done, syncErr)
		} else {
			_, err = j.log.WriteRecord(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tick syncs with an empty record: there is no other way to ask for it.
func (j *pebbleLog) tick() error {
	var done sync.WaitGroup
	var err error
	j.slots <- struct{}{}
	done.Add(1)
	j.mu.Lock()
	_, writeErr := j.log.SyncRecord(nil, &done, &err)
	j.mu.Unlock()
	if writeErr != nil {
		return writeErr
	}
	done.Wait()
	return err
}

// finish ends the log: there is no other way to have all of it written.
func (j *pebbleLog) finish() error { return j.log.Close() }

func (j *pebbleLog) close() error {
	if j.p == never {
		return j.file.Close()
	}
	return nil
}

func visitPebbleWAL(dir string, fn func([]byte)) error {
	f, err := vfs.Default.Open(pebblePath(dir), vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer f.Close()
	log := record.NewReader(f, pebbleLogNumber)
	rec := make([]byte, 0, 64<<10)
	for {
		r, err := log.Next()
		if errors.Is(err, io.EOF) || record.IsInvalidRecord(err) {
			return nil
		}
		if err != nil {
			return err
		}
		rec, err = readAll(r, rec[:0])
		if err != nil {
			return err
		}
		if len(rec) > 0 {
			fn(rec)
		}
	}
}

func readAll(r io.Reader, b []byte) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

var pebbleDB = engine{name: "pebble", note: "keys in order, compactions included", open: openPebble, visit: visitPebble}

// A pebbleStore has one batch open, or one for each call if the policy waits.
type pebbleStore struct {
	p  policy
	db *pebble.DB

	mu    sync.Mutex
	last  uint64
	batch *pebble.Batch
}

func openPebble(dir string, p policy) (journal, error) {
	db, err := pebble.Open(dir, &pebble.Options{Logger: quiet{}})
	if err != nil {
		return nil, err
	}
	return &pebbleStore{p: p, db: db, batch: db.NewBatch()}, nil
}

// quiet keeps the store's messages out of the table.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic("pebble: " + format)
}

func (j *pebbleStore) add(b *pebble.Batch, rec []byte) error {
	j.last++
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], j.last)
	return b.Set(key[:], rec, nil)
}

func (j *pebbleStore) append(recs [][]byte) error {
	j.mu.Lock()
	if j.p.waits() {
		b := j.db.NewBatch()
		for _, rec := range recs {
			if err := j.add(b, rec); err != nil {
				j.mu.Unlock()
				return err
			}
		}
		j.mu.Unlock()
		// Outside of the mutex: the store syncs once for all that wait.
		err := b.Commit(pebble.Sync)
		return errors.Join(err, b.Close())
	}
	defer j.mu.Unlock()
	for _, rec := range recs {
		if err := j.add(j.batch, rec); err != nil {
			return err
		}
	}
	if j.batch.Count() < transaction {
		return nil
	}
	return j.commit(pebble.NoSync)
}

func (j *pebbleStore) commit(o *pebble.WriteOptions) error {
	err := j.batch.Commit(o)
	j.batch.Reset()
	return err
}

func (j *pebbleStore) tick() error {
	j.mu.Lock()
	err := j.commit(pebble.NoSync)
	j.mu.Unlock()
	return errors.Join(err, j.db.LogData(nil, pebble.Sync))
}

func (j *pebbleStore) finish() error {
	if j.p == clocked {
		return j.tick()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.commit(pebble.NoSync)
}

func (j *pebbleStore) close() error { return errors.Join(j.batch.Close(), j.db.Close()) }

func visitPebble(dir string, fn func([]byte)) error {
	db, err := pebble.Open(dir, &pebble.Options{Logger: quiet{}, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	it, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		fn(it.Value())
	}
	return it.Close()
}
