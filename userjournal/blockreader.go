// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"io"
)

// headerGuess is read at first where a block begins: most headers fit.
const headerGuess = 2 << 10

// A blockReader reads blocks of one segment. It belongs to one goroutine; what
// it returns is overwritten by the next call of the same method.
type blockReader struct {
	r    io.ReaderAt
	salt uint64
	// anySalt takes the salt from each header, for who does not know it.
	anySalt bool
	head    []byte
	data    []byte
}

// readHeader reads the header of the block at offset, which with its data must
// end within size.
func (br *blockReader) readHeader(offset, size int64, blk *block) error {
	n := min(size-offset, headerGuess)
	if n < blkFixedSize {
		return damaged("no block: %w", ErrTruncated)
	}
	br.head = grow(br.head[:0], headerGuess)[:n]
	if err := readFull(br.r, br.head, offset); err != nil {
		return err
	}
	if br.anySalt {
		br.salt = le.Uint64(br.head[blkSalt:])
	}
	need := blockHeaderSize(br.head, br.salt)
	switch {
	case need == 0:
		return damaged("no block")
	case offset+int64(need) > size:
		return damaged("block header: %w", ErrTruncated)
	case need > len(br.head):
		br.head = grow(br.head[:0], need)[:need]
		if err := readFull(br.r, br.head, offset); err != nil {
			return err
		}
	}
	if err := decodeBlockHeader(br.head[:need], br.salt, blk); err != nil {
		return err
	}
	if offset+blk.size() > size {
		return damaged("block: %w", ErrTruncated)
	}
	return nil
}

// readData reads and verifies what is stored behind the header of the block at
// offset.
func (br *blockReader) readData(offset int64, blk *block) ([]byte, error) {
	n := int(align(int64(blk.stored)))
	br.data = grow(br.data[:0], n)[:n]
	if err := readFull(br.r, br.data, offset+int64(blk.header)); err != nil {
		return nil, err
	}
	if err := blk.verifyData(br.data); err != nil {
		return nil, err
	}
	return br.data[:blk.stored], nil
}

const resyncChunk = 256 << 10

// resync returns the offset of the first good header at or after offset, or
// size if there is none.
func (br *blockReader) resync(offset, size int64, blk *block) (int64, error) {
	if size-offset < blkFixedSize {
		return size, nil
	}
	chunk := make([]byte, min(resyncChunk, size-offset))
	for offset+blkFixedSize <= size {
		b := chunk[:min(int64(len(chunk)), size-offset)]
		if err := readFull(br.r, b, offset); err != nil {
			return size, err
		}
		for at := 0; ; at += blockAlign {
			i := bytes.Index(b[at:], blockMagic[:])
			if i < 0 {
				break
			}
			at += i &^ (blockAlign - 1)
			if i%blockAlign != 0 {
				continue
			}
			err := br.readHeader(offset+int64(at), size, blk)
			if err == nil {
				return offset + int64(at), nil
			}
			if !errors.Is(err, ErrDamaged) {
				return size, err
			}
		}
		// A magic may lie across the end of the chunk.
		offset += max(int64(len(b))-blockAlign, blockAlign)
	}
	return size, nil
}

// A segmentWalk goes from block to block of a segment that has no footer to
// tell where they are.
type segmentWalk struct {
	blocks blockReader
	name   string
	offset int64  // of the next block: all before is known
	next   uint64 // ordinal that it must have

	block func(offset int64, blk *block) error
	// hole is told what lies between two good blocks and is none. With no
	// bytes, a block was taken out.
	hole func(*DamageError)
}

// run visits the blocks up to size. What follows the last good one is no hole:
// it may be a torn tail, a footer, or a block that is being written.
func (s *segmentWalk) run(size int64) error {
	var blk block
	for {
		at := s.offset
		err := s.blocks.readHeader(at, size, &blk)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		if err != nil || blk.zone.First < s.next {
			if at, err = s.skip(size, &blk); err != nil || at == size {
				return err
			}
		}
		if blk.zone.First != s.next {
			s.hole(&DamageError{Segment: s.name, Offset: s.offset, Bytes: at - s.offset,
				First: s.next, Last: blk.zone.First - 1, Err: errors.New("block missing")})
		} else if at != s.offset {
			s.hole(&DamageError{Segment: s.name, Offset: s.offset, Bytes: at - s.offset,
				First: 1, Last: 0, Err: errors.New("stray bytes")})
		}
		if err := s.block(at, &blk); err != nil {
			return err
		}
		s.offset, s.next = at+blk.size(), blk.zone.Last+1
	}
}

// skip finds the next block that can follow, when there is none at s.offset.
func (s *segmentWalk) skip(size int64, blk *block) (int64, error) {
	at := s.offset
	for {
		var err error
		if at, err = s.blocks.resync(at+blockAlign, size, blk); err != nil || at >= size {
			return size, err
		}
		if blk.zone.First >= s.next {
			break
		}
	}
	// If a writer was in the middle of the block at s.offset when it was
	// looked at, it has finished it before it began a later one.
	var again block
	if s.blocks.readHeader(s.offset, size, &again) == nil && again.zone.First == s.next {
		return s.offset, s.blocks.readHeader(s.offset, size, blk)
	}
	return at, s.blocks.readHeader(at, size, blk)
}
