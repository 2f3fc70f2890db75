// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// buffered is what one would write in an afternoon. It is the limit for what
// copies, checks and writes each byte, on one goroutine.
var buffered = engine{name: "buffered", note: "length, CRC-32C, record; one file", open: openBuffered, visit: visitBuffered}

type bufferedJournal struct {
	p    policy
	file *os.File

	mu      sync.Mutex
	out     *bufio.Writer
	written uint64 // records

	syncing sync.Mutex // taken before mu
	synced  uint64
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	bufferedHead = 8
	bufferedSize = 256 << 10
)

func bufferedPath(dir string) string { return filepath.Join(dir, "log") }

func openBuffered(dir string, p policy) (journal, error) {
	// What follows the last good record is cut off.
	end, err := scanBuffered(dir, func([]byte) {})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(bufferedPath(dir), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(end); err != nil {
		return nil, err
	}
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return nil, err
	}
	return &bufferedJournal{p: p, file: f, out: bufio.NewWriterSize(f, bufferedSize)}, nil
}

func (j *bufferedJournal) append(recs [][]byte) error {
	j.mu.Lock()
	for _, rec := range recs {
		var head [bufferedHead]byte
		binary.LittleEndian.PutUint32(head[:], uint32(len(rec)))
		binary.LittleEndian.PutUint32(head[4:], crc32.Update(0, castagnoli, rec))
		j.out.Write(head[:]) // errors stick until Flush
		if _, err := j.out.Write(rec); err != nil {
			j.mu.Unlock()
			return err
		}
	}
	j.written += uint64(len(recs))
	upTo := j.written
	j.mu.Unlock()
	if !j.p.waits() {
		return nil
	}
	return j.sync(upTo)
}

// sync is one for all that wait: whoever comes second finds it done.
func (j *bufferedJournal) sync(upTo uint64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= upTo {
		return nil
	}
	j.mu.Lock()
	err, written := j.out.Flush(), j.written
	j.mu.Unlock()
	if err == nil {
		err = unix.Fdatasync(int(j.file.Fd()))
	}
	if err == nil {
		j.synced = written
	}
	return err
}

func (j *bufferedJournal) tick() error {
	j.mu.Lock()
	upTo := j.written
	j.mu.Unlock()
	return j.sync(upTo)
}

func (j *bufferedJournal) finish() error {
	if j.p != never {
		return j.tick()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.Flush()
}

func (j *bufferedJournal) close() error { return j.file.Close() }

func visitBuffered(dir string, fn func([]byte)) error {
	_, err := scanBuffered(dir, fn)
	return err
}

func scanBuffered(dir string, fn func([]byte)) (end int64, err error) {
	f, err := os.Open(bufferedPath(dir))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, bufferedSize)
	var head [bufferedHead]byte
	var rec []byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return end, ignoreEOF(err)
		}
		n := int(binary.LittleEndian.Uint32(head[:]))
		if n > 1<<20 {
			return end, nil
		}
		rec = append(rec[:0], make([]byte, n)...)
		if _, err := io.ReadFull(in, rec); err != nil {
			return end, ignoreEOF(err)
		}
		if crc32.Update(0, castagnoli, rec) != binary.LittleEndian.Uint32(head[4:]) {
			return end, nil
		}
		fn(rec)
		end += int64(bufferedHead + n)
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
