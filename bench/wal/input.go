// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"vexj/bench/gen"
	"vexj/mirror"
	"vexj/ring"
	"vexj/uapi"
	"vexj/userjournal"
)

// makeInput has the kernel make records and the mirror put them in order, and
// writes them one after the other to a file.
func makeInput(path string, records int) (err error) {
	closing := func(close func() error) { err = errors.Join(err, close()) }
	dir, err := os.MkdirTemp(filepath.Dir(path), "input-")
	if err != nil {
		return err
	}
	defer closing(func() error { return os.RemoveAll(dir) })
	if err := capture(dir, records); err != nil {
		return err
	}
	r, err := userjournal.Open(dir)
	if err != nil {
		return err
	}
	defer closing(r.Close)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer closing(f.Close)
	out := bufio.NewWriterSize(f, 1<<20)
	left := records
	err = r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		if left--; left < 0 {
			return userjournal.ErrStop
		}
		_, err := out.Write(rec)
		return err
	})
	return errors.Join(err, out.Flush())
}

// capture makes a journal of at least so many records.
func capture(dir string, records int) (err error) {
	closing := func(close func() error) { err = errors.Join(err, close()) }
	g, err := gen.New(4<<20, 0)
	if err != nil {
		return err
	}
	defer closing(g.Close)
	rd, err := ring.NewReader(g.Rings())
	if err != nil {
		return err
	}
	defer closing(rd.Close)
	w, err := userjournal.Create(dir, userjournal.Options{Durability: userjournal.DurabilityNone})
	if err != nil {
		return err
	}
	defer closing(w.Close)
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mirror.New(g, rd, w, mirror.Options{}).Run(running) }()
	err = g.Run(running, uint64(records/len(g.CPUs())+1), gen.Wait)
	stop()
	return errors.Join(err, <-ended)
}

const recordSize = 64 // offset of event_size in a record

// An input is the records that all engines are given.
type input struct {
	data []byte
	// chunks are the offsets of each hundredth record, and of the end.
	chunks []int
	next   atomic.Int64 // chunk
}

// openInput maps the first so many records of the file.
func openInput(path string, records int) (*input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// In large pages: what it costs to get at a record is to be little.
	const huge = 2 << 20
	size := (int(info.Size()) + huge - 1) / huge * huge
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("memory for %s: %w", path, err)
	}
	_ = unix.Madvise(data, unix.MADV_HUGEPAGE) // as good as it gets
	data = data[:info.Size()]
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, err
	}
	in := &input{data: data}
	at := 0
	for i := range records {
		if i%hundred == 0 {
			in.chunks = append(in.chunks, at)
		}
		if at+recordSize+4 > len(data) {
			return nil, fmt.Errorf("%s: %d records, not %d: remove it, and it is made again", path, i, records)
		}
		at += int(binary.LittleEndian.Uint32(data[at+recordSize:]))
	}
	in.chunks = append(in.chunks, at)
	return in, nil
}

// bytes is the size of all the records.
func (in *input) bytes() int { return in.chunks[len(in.chunks)-1] }

// take returns the next hundred records that nobody has taken, in recs.
func (in *input) take(recs [][]byte) [][]byte {
	recs = recs[:0]
	chunk := int(in.next.Add(1)) - 1
	if chunk+1 >= len(in.chunks) {
		return nil
	}
	for at, end := in.chunks[chunk], in.chunks[chunk+1]; at < end; {
		size := int(binary.LittleEndian.Uint32(in.data[at+recordSize:]))
		recs = append(recs, in.data[at:at+size:at+size])
		at += size
	}
	return recs
}

// A tally tells whether what was read is what was written, in whatever order.
type tally struct {
	Records, Bytes, Sum uint64
}

func (t *tally) add(rec []byte) {
	t.Records++
	t.Bytes += uint64(len(rec))
	t.Sum += binary.LittleEndian.Uint64(rec) * (binary.LittleEndian.Uint64(rec[len(rec)-8:]) | 1)
}

func (in *input) tally() (t tally) {
	var recs [][]byte
	in.next.Store(0)
	for recs = in.take(recs); len(recs) > 0; recs = in.take(recs) {
		for _, rec := range recs {
			t.add(rec)
		}
	}
	in.next.Store(0)
	return t
}
