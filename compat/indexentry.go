// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"fmt"

	"vexj/uapi"
)

// indexChunk is how many bytes of the index go into one record.
const indexChunk = 900 * indexEntrySize

// entries reads the index, which goes on to the end of the file.
func (r *semjReader) entries() error {
	buf := make([]byte, indexChunk)
	size := r.src.left() / indexEntrySize * indexEntrySize
	start := r.src.off
	for at := int64(0); at < size; {
		b := buf[:min(indexChunk, size-at)]
		off := r.src.off
		if err := r.src.read(b); err != nil {
			return err
		}
		for i := 0; i < len(b); i += indexEntrySize {
			if err := r.entry(off+int64(i), b[i:i+indexEntrySize]); err != nil {
				return err
			}
		}
		l := uapi.Legacy{Part: uapi.PartIndex, Offset: uint64(start), Size: uint64(size), At: uint64(at)}
		if err := r.add(l, b); err != nil {
			return err
		}
		at += int64(len(b))
		r.o.progress(r.src)
	}
	off, left := r.src.off, r.src.left()
	if left == 0 {
		return nil
	}
	if n, err := zeroRun(r.src, r.src.size); n > 0 || err != nil {
		if err != nil {
			return err
		}
		return r.skipZeroes(r.src, n)
	}
	bad := r.fail(off, "index", CodeIndex, fmt.Errorf("%d bytes at its end are too few for an entry of %d", left, indexEntrySize))
	if err := r.o.keep(r.report, bad); err != nil {
		return err
	}
	return r.stream(r.src, uapi.Legacy{Part: uapi.PartBytes, Offset: uint64(off)}, left)
}

// entry checks one, which may be unused. Where storage blocks are, what an
// entry points to is up to them.
func (r *semjReader) entry(off int64, b []byte) error {
	if allZero(b) {
		return nil
	}
	id, kind, at, size := le.Uint64(b), le.Uint32(b[8:]), le.Uint64(b[36:]), le.Uint32(b[44:])
	bad := func(format string, a ...any) error {
		return r.o.keep(r.report, r.fail(off, "index", CodeIndex, fmt.Errorf(format, a...)))
	}
	if at > uint64(r.src.size) || uint64(size) > uint64(r.src.size)-at {
		return bad("event %d with %d bytes at offset %d is outside of the file", id, size, at)
	}
	if r.blocks {
		return nil
	}
	var head [uapi.HeaderSize]byte
	if _, err := r.src.file.ReadAt(head[:], int64(at)); err != nil {
		return bad("there is no event %d at offset %d: %v", id, at, err)
	}
	if gotID, gotKind, gotSize := le.Uint64(head[:]), le.Uint32(head[8:]), le.Uint32(head[evSize:]); gotID != id || gotKind != kind || gotSize != size {
		return bad("event %d of type 0x%x, %d bytes, should be at offset %d: there is %d of 0x%x, %d bytes", id, kind, size, at, gotID, gotKind, gotSize)
	}
	return nil
}

// putIndexEntry makes the index entry of an event.
func putIndexEntry(b []byte, head []byte, at uint64) {
	copy(b[:12], head[:12])     // event_id, event_type
	copy(b[12:36], head[16:40]) // timestamp
	le.PutUint64(b[36:], at)
	copy(b[44:48], head[evSize:evSize+4])
	le.PutUint32(b[48:], 0)
}
