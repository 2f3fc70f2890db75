// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Encoder and decoder are shared by all who archive and read archives: each is
// several hundred KiB and may be used by any number of goroutines, one after the
// other. No block needs a window that is larger than itself.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(MaxBlockSize), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
		if err != nil {
			panic(err) // the options are constants
		}
		return e
	})
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(maxWorkers), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(maxDiff(MaxBlockSize))), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err)
		}
		return d
	})
)

// expandZstd expands one frame into dst, to at most so many bytes. Whoever made
// it may have lied about its size.
func expandZstd(dst, frame []byte, most int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil || !h.HasFCS || h.FrameContentSize > uint64(most) {
		return nil, damaged("zstd: no frame of at most %d bytes", most)
	}
	out, err := zstdDecoder().DecodeAll(frame, grow(dst[:0], int(h.FrameContentSize))[:0])
	if err != nil {
		return nil, damaged("zstd: %w", err)
	}
	return out, nil
}
