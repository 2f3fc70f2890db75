// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

// Compression of a storage block, and of an event's payload.
const (
	compressionNone = 0
	compressionZlib = 1
	compressionLZ4  = 2
)

// A blockHeader is the first 104 bytes of a storage block.
type blockHeader struct {
	blockSize, events                     uint32
	compression, stored, unpacked, summed uint32
	id                                    uint64
	version                               uint32
}

const blockChecksum = 36

func (h *blockHeader) get(b []byte) {
	h.version, h.id = le.Uint32(b[4:]), le.Uint64(b[8:])
	h.blockSize, h.events = le.Uint32(b[16:]), le.Uint32(b[20:])
	h.compression, h.stored = le.Uint32(b[24:]), le.Uint32(b[28:])
	h.unpacked, h.summed = le.Uint32(b[32:]), le.Uint32(b[blockChecksum:])
}

// isBlock reports whether a storage block begins here.
func isBlock(b []byte) bool { return len(b) >= blockHeadSize && le.Uint32(b) == magicBlock }

// extent is how many bytes of the file the block takes: block_size, if that has
// room for header and data, else just these.
func (h *blockHeader) extent() int64 {
	return max(int64(h.blockSize), blockHeadSize+int64(h.stored))
}

func (h *blockHeader) check(left int64) error {
	switch {
	case h.version != 1:
		return fmt.Errorf("block version %d, not 1", h.version)
	case h.compression > compressionLZ4:
		return fmt.Errorf("compression %d is none of 0 none, 1 zlib, 2 LZ4", h.compression)
	case h.stored > maxBlock || h.unpacked > maxBlock || h.blockSize > maxBlock:
		return fmt.Errorf("%d bytes, %d of data, %d when unpacked: more than the %d that a block may have",
			h.blockSize, h.stored, h.unpacked, maxBlock)
	case h.compression == compressionNone && h.stored != h.unpacked:
		return fmt.Errorf("not compressed, but with %d bytes of %d", h.stored, h.unpacked)
	case h.extent() > left:
		return fmt.Errorf("%d bytes, but %d are left", h.extent(), left)
	}
	return nil
}

// summedRight accepts what the checksum may cover: nothing is promised but its
// algorithm. Ours covers the header, its own field zero, and the stored data.
func (h *blockHeader) summedRight(head, stored, raw []byte) bool {
	if h.summed == 0 {
		return true
	}
	zeroed := append([]byte(nil), head...)
	clear(zeroed[blockChecksum : blockChecksum+4])
	return h.summed == crcKernelMore(crcKernel(zeroed), stored) ||
		h.summed == crcKernel(stored) || h.summed == crcKernel(raw)
}

// unpack returns the events of a block.
func (h *blockHeader) unpack(stored []byte) ([]byte, error) {
	raw := make([]byte, h.unpacked)
	switch h.compression {
	case compressionNone:
		return stored, nil
	case compressionLZ4:
		n, err := lz4.UncompressBlock(stored, raw)
		if err != nil {
			return nil, fmt.Errorf("the LZ4 data does not unpack to %d bytes: %w", len(raw), err)
		}
		if n != len(raw) {
			return nil, fmt.Errorf("the LZ4 data unpacks to %d bytes, not %d", n, len(raw))
		}
		return raw, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, fmt.Errorf("the zlib data: %w", err)
	}
	n, err := io.ReadFull(z, raw)
	if err != nil {
		return nil, fmt.Errorf("the zlib data unpacks to %d bytes, not %d: %w", n, len(raw), err)
	}
	if n, err := z.Read(make([]byte, 1)); n != 0 {
		return nil, fmt.Errorf("the zlib data unpacks to more than %d bytes", len(raw))
	} else if err != io.EOF {
		return nil, fmt.Errorf("the zlib data does not end behind its %d bytes: %w", len(raw), err)
	}
	return raw, nil
}

// A recipe is how the data of a block can be made again from its events. Other
// people's compressors find other matches than ours, so that most compressed
// blocks are kept as they are.
type recipe uint32

const (
	recipeVerbatim recipe = 0
	recipeNone     recipe = 1
	recipeZlib     recipe = 2 // Go's compress/zlib, default level
	recipeLZ4      recipe = 3 // github.com/pierrec/lz4, fast
)

func (r recipe) cook(raw []byte) []byte {
	switch r {
	case recipeNone:
		return raw
	case recipeZlib:
		var out bytes.Buffer
		z := zlib.NewWriter(&out)
		_, err := z.Write(raw)
		if err = errors.Join(err, z.Close()); err != nil {
			return nil
		}
		return out.Bytes()
	case recipeLZ4:
		out := make([]byte, lz4.CompressBlockBound(len(raw)))
		n, err := new(lz4.Compressor).CompressBlock(raw, out)
		if err != nil {
			return nil
		}
		return out[:n]
	}
	return nil
}

// recipeFor returns how stored can be made from raw, followed by tail.
func recipeFor(compression uint32, raw, stored, tail []byte) recipe {
	if !allZero(tail) {
		return recipeVerbatim
	}
	for _, r := range map[uint32][]recipe{
		compressionNone: {recipeNone}, compressionZlib: {recipeZlib}, compressionLZ4: {recipeLZ4},
	}[compression] {
		if bytes.Equal(r.cook(raw), stored) {
			return r
		}
	}
	return recipeVerbatim
}
