// SPDX-License-Identifier: Apache-2.0

package userjournal

import "io"

// A blockBuffer holds one block, decoded, and what it takes to decode the next.
type blockBuffer struct {
	blk     block
	records []byte
	starts  []int32 // where each begins

	file   []byte
	raw    []byte
	unpack unpacker
}

// load reads and verifies the block that e names.
func (b *blockBuffer) load(f io.ReaderAt, e *entry, salt uint64) error {
	if err := b.read(f, e); err != nil {
		return err
	}
	return b.decode(e, salt)
}

func (b *blockBuffer) read(f io.ReaderAt, e *entry) error {
	n := int(e.size())
	b.file = grow(b.file[:0], n)[:n]
	return readFull(f, b.file, e.offset)
}

// decode verifies and decodes the block in b.file.
func (b *blockBuffer) decode(e *entry, salt uint64) error {
	if err := decodeBlockHeader(b.file[:e.header], salt, &b.blk); err != nil {
		return err
	}
	blk := &b.blk
	if blk.zone.First != e.first || uint32(blk.records) != e.records || uint32(blk.stored) != e.stored {
		return damaged("block header: not the block that the footer lists")
	}
	return b.body()
}

// body is decode behind the header.
func (b *blockBuffer) body() error {
	blk := &b.blk
	if err := blk.verifyData(b.file[blk.header:]); err != nil {
		return err
	}
	b.raw = grow(b.raw[:0], blk.raw)[:blk.raw]
	records, err := b.unpack.unpack(b.raw, b.file[blk.header:blk.header+blk.stored], blk.codec, blk.records)
	if err != nil {
		return err
	}
	b.records = records
	return b.index()
}

// index finds where the records start, and verifies that they fill the block.
func (b *blockBuffer) index() error {
	b.starts = b.starts[:0]
	at := 0
	for range b.blk.records {
		n, ok := recordSize(b.records[at:])
		if !ok {
			return damaged("record at %d of %d bytes is none", at, len(b.records))
		}
		b.starts = append(b.starts, int32(at))
		at += n
	}
	if at != len(b.records) {
		return damaged("%d bytes behind the last record", len(b.records)-at)
	}
	return nil
}

// record is the one with the ordinal, which must be in the block.
func (b *blockBuffer) record(ordinal uint64) []byte {
	i := int(ordinal - b.blk.zone.First)
	start, end := int(b.starts[i]), len(b.records)
	if i+1 < len(b.starts) {
		end = int(b.starts[i+1])
	}
	return b.records[start:end:end]
}
