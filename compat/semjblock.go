// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"errors"
	"fmt"
	"io"

	"vexj/uapi"
)

// block reads a storage block.
func (r *semjReader) block() error {
	off := r.src.off
	var h blockHeader
	head, err := r.src.peek(int(min(blockHeadSize, r.index-off)))
	if err != nil {
		return err
	}
	if len(head) < blockHeadSize {
		return r.salvage(off, r.fail(off, "block", CodeInvalidEvent, fmt.Errorf("%d bytes are too few for the %d of its header", len(head), blockHeadSize)))
	}
	h.get(head)
	if err := h.check(r.index - off); err != nil {
		return r.salvage(off, r.fail(off, "block", CodeInvalidEvent, err))
	}
	r.blocks = true
	head = append([]byte(nil), head...)
	data := make([]byte, h.extent()-blockHeadSize)
	if n, err := r.src.file.ReadAt(data, off+blockHeadSize); n < len(data) {
		return errors.Join(io.ErrUnexpectedEOF, err)
	}
	return r.blockParts(&h, head, data)
}

// blockParts makes the records of a block: its header, its bytes if nothing else
// makes them again, and its events.
func (r *semjReader) blockParts(h *blockHeader, head, data []byte) error {
	off := r.src.off
	stored, tail := data[:h.stored], data[h.stored:]
	raw, err := h.unpack(stored)
	if err == nil && !h.summedRight(head, stored, raw) {
		err := r.o.keep(r.report, r.fail(off, "block", CodeConsistency, fmt.Errorf("the checksum 0x%08x is not that of the block", h.summed)))
		if err != nil {
			return err
		}
	}
	if err != nil {
		if err := r.o.keep(r.report, r.fail(off, "block", CodeCompression, err)); err != nil {
			return err
		}
		raw = nil
	}
	how := recipeVerbatim
	shapes, bad := r.shapes(h, raw, off)
	if bad == nil {
		how = recipeFor(h.compression, raw, stored, tail)
	} else if err := r.o.keep(r.report, bad); err != nil {
		return err
	}
	l := uapi.Legacy{Part: uapi.PartBlock, Offset: uint64(off), Size: uint64(h.extent()), Layout: uint32(how), Compression: h.compression}
	if err := r.add(l, head); err != nil {
		return err
	}
	if err := r.src.read(head); err != nil {
		return err
	}
	layout := uint32(0)
	if how == recipeVerbatim {
		layout = layoutDerived
		err = r.stream(r.src, uapi.Legacy{Part: uapi.PartBytes, Offset: uint64(off + blockHeadSize)}, int64(len(data)))
	} else {
		err = r.src.read(data)
	}
	if err != nil {
		return err
	}
	at := 0
	for i := range shapes {
		ev := raw[at:][:shapes[i].size]
		if err := r.convert(ev, &shapes[i], uapi.Legacy{Offset: uint64(at), Layout: layout}); err != nil {
			return err
		}
		at += shapes[i].size
	}
	return nil
}

// shapes finds the events in the data of a block; bad is nil if they are all of
// it, and as many as its header says.
func (r *semjReader) shapes(h *blockHeader, raw []byte, off int64) (all []eventShape, bad *FormatError) {
	at := 0
	for at < len(raw) {
		rest := raw[at:]
		if len(rest) < eventHeadSize {
			return all, r.fail(off, "block", CodeInvalidEvent, fmt.Errorf("%d bytes at offset %d of its data are too few for an event", len(rest), at))
		}
		s, code, err := shapeOf(rest)
		switch {
		case err != nil:
			return all, r.fail(off, "block", code, fmt.Errorf("at offset %d of its data: %w", at, err))
		case s.size > len(rest):
			return all, r.fail(off, "block", CodeInvalidEvent, fmt.Errorf("the event at offset %d of its data has %d bytes, but %d are left", at, s.size, len(rest)))
		case le.Uint32(rest[evChecksum:]) != eventChecksum(rest[:s.size]):
			bad = r.fail(off, "block", CodeConsistency, fmt.Errorf("the checksum of the event at offset %d of its data differs", at))
		}
		all = append(all, s)
		at += s.size
	}
	if uint32(len(all)) != h.events && bad == nil {
		bad = r.fail(off, "block", CodeInvalidEvent, fmt.Errorf("it has %d events, its header says %d", len(all), h.events))
	}
	return all, bad
}
