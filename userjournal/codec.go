// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"

	"github.com/klauspost/compress/s2"
	"github.com/pierrec/lz4/v4"
)

// A Codec is how the records of a block are stored. The numbers are part of
// the format; 0 is none of them, so that a block of zeroes is never valid.
type Codec uint8

const (
	CodecNone  Codec = 1 // as they are
	CodecLZ4   Codec = 2 // one LZ4 block
	CodecDelta Codec = 3 // each against an earlier one, then one Snappy block
	CodecZstd  Codec = 4 // the same, then one Zstandard frame: for archives
)

var codecNames = map[Codec]string{CodecNone: "none", CodecLZ4: "lz4", CodecDelta: "delta", CodecZstd: "zstd"}

func (c Codec) String() string {
	if s, ok := codecNames[c]; ok {
		return s
	}
	return fmt.Sprintf("codec %d", uint8(c))
}

// ParseCodec is the inverse of Codec.String.
func ParseCodec(s string) (Codec, error) {
	for c, name := range codecNames {
		if name == s {
			return c, nil
		}
	}
	return 0, fmt.Errorf("codec %q: %w: use none, lz4, delta or zstd", s, ErrOption)
}

// A packer compresses blocks. It is kept and used again: its tables are larger
// than a block is worth.
type packer struct {
	lz4   lz4.Compressor
	delta deltaEncoder
}

// pack appends to dst what is to be stored for the records in raw. A block that
// does not get smaller is stored as it is.
func (p *packer) pack(dst, raw []byte, codec Codec) ([]byte, Codec) {
	base := len(dst)
	switch codec {
	case CodecLZ4:
		dst = grow(dst, lz4.CompressBlockBound(len(raw)))
		n, err := p.lz4.CompressBlock(raw, dst[base:cap(dst)])
		if err == nil && n > 0 && n < len(raw) {
			return dst[:base+n], CodecLZ4
		}
	case CodecDelta:
		diff := p.delta.encode(raw)
		dst = grow(dst, s2.MaxEncodedLen(len(diff)))
		n := len(s2.EncodeSnappy(dst[base:cap(dst)], diff))
		if n < len(raw) {
			return dst[:base+n], CodecDelta
		}
	case CodecZstd:
		if dst = zstdEncoder().EncodeAll(p.delta.encode(raw), dst); len(dst)-base < len(raw) {
			return dst, CodecZstd
		}
	}
	return append(dst[:base], raw...), CodecNone
}

// An unpacker is the inverse. One belongs to one goroutine.
type unpacker struct {
	diff  []byte
	delta deltaDecoder
}

// unpack fills dst, whose length is that of the records, from what is stored.
// With CodecNone it returns stored itself.
func (u *unpacker) unpack(dst, stored []byte, codec Codec, records int) ([]byte, error) {
	switch codec {
	case CodecNone:
		if len(stored) != len(dst) {
			return nil, damaged("%d bytes stored, %d expected", len(stored), len(dst))
		}
		return stored, nil
	case CodecLZ4:
		return dst, expand(dst, stored)
	case CodecDelta:
		size, err := s2.DecodedLen(stored)
		if err != nil || size > maxDiff(len(dst)) {
			return nil, damaged("%d bytes of differences for %d of records", size, len(dst))
		}
		u.diff = grow(u.diff[:0], size)[:size]
		diff, err := s2.Decode(u.diff, stored)
		if err != nil {
			return nil, damaged("Snappy: %w", err)
		}
		return dst, u.delta.decode(dst, diff, records)
	case CodecZstd:
		diff, err := expandZstd(u.diff, stored, maxDiff(len(dst)))
		if err != nil {
			return nil, err
		}
		u.diff = diff
		return dst, u.delta.decode(dst, diff, records)
	}
	return nil, damaged("%v is not known", codec)
}

// expand fills dst from an LZ4 block.
func expand(dst, src []byte) error {
	// The decoder dereferences the address of an empty destination.
	if len(dst) == 0 {
		return damaged("LZ4: nothing to expand")
	}
	if n, err := lz4.UncompressBlock(src, dst); err != nil || n != len(dst) {
		return damaged("LZ4: %d of %d bytes: %v", n, len(dst), err)
	}
	return nil
}

// grow makes room for n more bytes behind b.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	bigger := make([]byte, len(b), len(b)+n)
	copy(bigger, b)
	return bigger
}
