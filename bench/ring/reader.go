// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"

	"vexj/ring"
)

// A sink is what is done with each record.
type sink struct {
	block []byte
	used  int
	sum   uint64 // keeps the compiler from leaving the reading out
}

const (
	blockSize      = 256 << 10
	globalSequence = 40 // offset of global_sequence in a record
)

func (s *sink) take(record []byte) {
	s.sum += binary.LittleEndian.Uint64(record[globalSequence:])
}

func (s *sink) append(record []byte) {
	s.sum += binary.LittleEndian.Uint64(record[globalSequence:])
	if s.used+len(record) > len(s.block) {
		s.used = 0
	}
	s.used += copy(s.block[s.used:], record)
}

// A contender drains one ring, which it alone reads while it is open.
type contender struct {
	name string
	open func(m *ebpf.Map) (drainer, error)
}

type drainer interface {
	// drain reads n records that are there.
	drain(s *sink, n int, keep bool) error
	Close() error
}

var contenders = []contender{
	{"cilium ReadInto", openCilium},
	{"vexj Next", openNext},
	{"vexj Fill", openFill},
}

type ciliumReader struct {
	*ringbuf.Reader
	record ringbuf.Record
}

func openCilium(m *ebpf.Map) (drainer, error) {
	rd, err := ringbuf.NewReader(m)
	if err != nil {
		return nil, err
	}
	// The rings are filled without waking anyone; a deadline in the past makes
	// the first read look, and no other one wait.
	rd.SetDeadline(time.Unix(1, 0))
	return &ciliumReader{Reader: rd}, nil
}

func (c *ciliumReader) drain(s *sink, n int, keep bool) error {
	for range n {
		if err := c.ReadInto(&c.record); err != nil {
			return err
		}
		if keep {
			s.append(c.record.RawSample)
		} else {
			s.take(c.record.RawSample)
		}
	}
	return nil
}

// releaseEvery is how many records the contender by Next takes between two
// Releases, and the one by Fill at a time.
const releaseEvery = 64

type nextReader struct{ *ring.Ring }

func openNext(m *ebpf.Map) (drainer, error) {
	r, err := ring.Open(m.FD(), int(m.MaxEntries()))
	return nextReader{r}, err
}

func (r nextReader) drain(s *sink, n int, keep bool) error {
	for i := range n {
		record, ok, err := r.Next()
		if !ok {
			return fmt.Errorf("ring ended after %d records of %d: %w", i, n, err)
		}
		if keep {
			s.append(record)
		} else {
			s.take(record)
		}
		if i%releaseEvery == releaseEvery-1 {
			r.Release()
		}
	}
	r.Release()
	return nil
}

type fillReader struct {
	*ring.Ring
	batch [][]byte
}

func openFill(m *ebpf.Map) (drainer, error) {
	r, err := ring.Open(m.FD(), int(m.MaxEntries()))
	return &fillReader{r, make([][]byte, releaseEvery)}, err
}

func (r *fillReader) drain(s *sink, n int, keep bool) error {
	for read := 0; read < n; {
		got, err := r.Fill(r.batch)
		if got == 0 {
			return fmt.Errorf("ring ended after %d records of %d: %w", read, n, err)
		}
		if keep {
			for _, record := range r.batch[:got] {
				s.append(record)
			}
		} else {
			for _, record := range r.batch[:got] {
				s.take(record)
			}
		}
		r.Release()
		read += got
	}
	return nil
}
