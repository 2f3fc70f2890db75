// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"vexj/internal/blake3"
)

// A segmentCopy makes a copy of a sealed segment with its blocks compressed
// anew. Header, records and chain are the same.
type segmentCopy struct {
	buffer blockBuffer
	pack   packer
	before int64 // bytes of the original
	out    []byte
}

// make writes the copy, syncs it and reads it back. The error is ErrDamaged if
// the original is not whole.
func (c *segmentCopy) make(fsys FS, x *index, to string) (size int64, err error) {
	from, err := fsys.Open(filepath.Join(x.dir, x.name))
	if err != nil {
		return 0, err
	}
	defer from.Close()
	s, err := loadSegment(from, x.name, footerDigests)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(s.headerErr, s.footerErr); err != nil {
		return 0, err
	}
	if !s.sealed() {
		return 0, damaged("it is not sealed")
	}
	if s.footer.flags&sealedDamaged != 0 {
		return 0, damaged("blocks are missing")
	}
	if c.before, err = from.Size(); err != nil {
		return 0, err
	}
	f, err := fsys.Create(to)
	if err != nil {
		return 0, err
	}
	size, err = c.write(from, f, s)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = c.check(f, s)
	}
	return size, errors.Join(err, f.Close())
}

func (c *segmentCopy) write(from, to File, s *segment) (size int64, err error) {
	header := make([]byte, HeaderSize)
	if err := readFull(from, header, 0); err != nil {
		return 0, err
	}
	put := func(b []byte) error {
		n, err := to.WriteAt(b, size)
		if size += int64(n); err == nil && n < len(b) {
			err = io.ErrShortWrite
		}
		return err
	}
	if err := put(header); err != nil {
		return 0, err
	}
	ft := *s.footer
	ft.entries = slices.Clone(ft.entries)
	for i := range ft.entries {
		e := &ft.entries[i]
		if err := c.buffer.load(from, e, s.header.Salt); err != nil {
			return 0, err
		}
		e.offset = size
		c.recode(e)
		if err := put(c.out); err != nil {
			return 0, err
		}
	}
	ft.offset = size
	b := ft.encode(header)
	return size + int64(len(b)) + trailer, put(appendTrailer(b, ft.offset, ft.chain, s.header.Salt))
}

// recode makes the block in the buffer with another codec.
func (c *segmentCopy) recode(e *entry) {
	header := int(e.header)
	c.out = append(c.out[:0], c.buffer.file[:header]...)
	var codec Codec
	c.out, codec = c.pack.pack(c.out, c.buffer.records, CodecZstd)
	e.stored = uint32(len(c.out) - header)
	for len(c.out)%blockAlign != 0 {
		c.out = append(c.out, 0)
	}
	le.PutUint32(c.out[blkStored:], e.stored)
	c.out[blkCodec] = byte(codec)
	e.headerCRC = sealBlock(c.out, header)
}

// errCopy: the disk did not keep what was written to it.
var errCopy = errors.New("the copy cannot be read back")

// check reads the copy back.
func (c *segmentCopy) check(f File, original *segment) error {
	s, err := loadSegment(f, original.name, footerDigests)
	if err != nil {
		return fmt.Errorf("%w: %w", errCopy, err)
	}
	if !s.sealed() || s.footer.chain != original.footer.chain || !slices.Equal(s.footer.digests, original.footer.digests) {
		return fmt.Errorf("%w: it is another segment", errCopy)
	}
	chain := s.header.start
	for i := range s.footer.entries {
		if err := c.buffer.load(f, &s.footer.entries[i], s.header.Salt); err != nil {
			return fmt.Errorf("%w: %w", errCopy, err)
		}
		digest := blake3.Sum256(c.buffer.records)
		if digest != original.footer.digests[i] {
			return fmt.Errorf("%w: its block %d has other records", errCopy, i)
		}
		chain = chain.after(s.footer.entries[i].first, uint64(s.footer.entries[i].records), digest)
	}
	if !bytes.Equal(chain[:], original.footer.chain[:]) {
		return damaged("chain: the footer is not that of the records")
	}
	return nil
}

// copyFile copies a file of derived data: it is not synced.
func copyFile(fsys FS, from, to string) error {
	f, err := fsys.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	temp := tempName(to, "")
	_ = fsys.Remove(temp)
	out, err := fsys.Create(temp)
	if err != nil {
		return err
	}
	b := make([]byte, min(size, keyIndexBuffer))
	for at := int64(0); at < size && err == nil; at += int64(len(b)) {
		b = b[:min(int64(len(b)), size-at)]
		if err = readFull(f, b, at); err == nil {
			_, err = out.WriteAt(b, at)
		}
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = fsys.Rename(temp, to)
	}
	if err != nil {
		_ = fsys.Remove(temp)
	}
	return err
}
