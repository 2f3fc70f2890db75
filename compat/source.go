// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bufio"
	"crypto/sha256"
	"hash"
	"io"
)

// A source reads a legacy file once, from its start to its end, and sums it.
type source struct {
	file io.ReaderAt
	size int64
	off  int64 // of what is read next
	br   *bufio.Reader
	sum  hash.Hash
}

// sourceBuffer has room for the header of any part, which is looked at before
// it is read.
const sourceBuffer = 64 << 10

func newSource(file io.ReaderAt, size int64) *source {
	s := &source{file: file, size: size, sum: sha256.New()}
	s.br = bufio.NewReaderSize(io.TeeReader(io.NewSectionReader(file, 0, size), s.sum), sourceBuffer)
	return s
}

func (s *source) left() int64 { return s.size - s.off }

// peek returns the next n bytes, or what is left of them, without reading on.
func (s *source) peek(n int) ([]byte, error) {
	b, err := s.br.Peek(n)
	if err == io.EOF {
		err = nil
	}
	return b, err
}

// read fills b. That a file ends before its size is an error like another: it
// is being cut while it is read.
func (s *source) read(b []byte) error {
	n, err := io.ReadFull(s.br, b)
	s.off += int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
