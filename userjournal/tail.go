// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"io"

	"vexj/uapi"
)

// A Tail reads what is appended to a journal, for who looks so often that a scan would
// cost more than what it finds: it keeps the last segment open and reads on where it was,
// without another goroutine. Whenever the next block is not there as it should be, as
// where a segment ends, it scans. It belongs to one goroutine.
type Tail struct {
	reader *Reader
	next   uint64 // ordinal of the record that comes next

	file   File // nil: to be found by a scan
	offset int64
	salt   uint64
	buffer blockBuffer
}

// Tail reads on behind the record with the ordinal.
func (r *Reader) Tail(after uint64) *Tail { return &Tail{reader: r, next: after + 1} }

// After is the ordinal of the last record that was visited, or is known to be damaged.
func (t *Tail) After() uint64 { return t.next - 1 }

// Seek has the tail go on behind the record with the ordinal.
func (t *Tail) Seek(after uint64) {
	if after+1 != t.next {
		_ = t.Close() // it was read from
		t.next = after + 1
	}
}

// Close lets go of the file, until the tail is read from again.
func (t *Tail) Close() error {
	f := t.file
	if t.file = nil; f == nil {
		return nil
	}
	return f.Close()
}

// Read calls fn for each record that has become visible since, until it returns an error,
// which Read returns. rec is valid during the call. onDamage is that of ScanOptions.
func (t *Tail) Read(onDamage func(*DamageError) error, fn func(ordinal uint64, rec uapi.Record) error) error {
	for t.file != nil {
		there, err := t.load()
		if err != nil {
			break // a scan finds out what it is
		}
		if !there {
			return nil
		}
		t.offset += t.buffer.blk.size()
		for ordinal := t.next; ordinal <= t.buffer.blk.zone.Last; ordinal++ {
			t.next++
			if err := fn(ordinal, t.buffer.record(ordinal)); err != nil {
				return errors.Join(err, t.Close())
			}
		}
	}
	return t.scan(onDamage, fn)
}

// tailGuess is read at once: most of what comes between two looks fits.
const tailGuess = 64 << 10

// load reads the block at the offset, unless the file ends there.
func (t *Tail) load() (there bool, err error) {
	b := &t.buffer
	b.file = grow(b.file[:0], tailGuess)[:tailGuess]
	n, err := t.file.ReadAt(b.file, t.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	b.file = b.file[:n]
	if n == 0 || n >= len(blockMagic) && [len(blockMagic)]byte(b.file) == [len(blockMagic)]byte{} {
		return false, nil // or zeroes were written ahead
	}
	header := blockHeaderSize(b.file, t.salt)
	if header > n {
		return false, ErrTruncated
	}
	if err := decodeBlockHeader(b.file[:header], t.salt, &b.blk); err != nil {
		return false, err
	}
	if b.blk.zone.First != t.next {
		return false, errMissing
	}
	size := int(b.blk.size())
	if size > n {
		b.file = grow(b.file, size-n)[:size]
		if err := readFull(t.file, b.file[n:], t.offset+int64(n)); err != nil {
			return false, err
		}
	}
	b.file = b.file[:size]
	return true, b.body()
}

// scan is Read by a scan, and finds the file to go on with.
func (t *Tail) scan(onDamage func(*DamageError) error, fn func(ordinal uint64, rec uapi.Record) error) error {
	if err := t.Close(); err != nil {
		return err
	}
	end, err := t.reader.LastOrdinal()
	if err != nil {
		return err
	}
	if t.next <= end {
		err := t.reader.Scan(ScanOptions{From: t.next, To: end, OnDamage: onDamage}, func(ordinal uint64, rec uapi.Record) error {
			t.next = ordinal + 1
			return fn(ordinal, rec)
		})
		if err != nil {
			return err
		}
		t.next = end + 1
	}
	return t.find()
}

// find opens the last segment, if that has what comes next, or will have it.
func (t *Tail) find() error {
	r := t.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	x := r.segments[len(r.segments)-1]
	if !x.loaded || x.sealed() {
		return nil
	}
	switch i := findOrdinal(x.entries, t.next); {
	case i < len(x.entries) && x.entries[i].first == t.next:
		t.offset = x.entries[i].offset
	case t.next == x.next:
		t.offset = x.walked
	default:
		return nil
	}
	f, err := r.open(x)
	if err == nil {
		t.file, t.salt = f, x.header.Salt
	}
	return err
}
