// SPDX-License-Identifier: Apache-2.0

package compat

import "io"

// A finder looks for where something sound begins, behind what is not. It keeps
// what it has read: the next damage may be near.
type finder struct {
	file  io.ReaderAt
	most  int                 // bytes that sound wants to see
	sound func(b []byte) bool // whether something begins at b for certain

	buf   []byte
	start int64 // in the file, of what is in buf
	have  int
}

// window returns what follows off: up to end, or at least most bytes.
func (f *finder) window(off, end int64) ([]byte, error) {
	want := min(int64(f.most), end-off)
	if off < f.start || off+want > f.start+int64(f.have) {
		if f.buf == nil {
			f.buf = make([]byte, 4*f.most)
		}
		n, err := f.file.ReadAt(f.buf, off)
		if err != nil && err != io.EOF {
			return nil, err
		}
		f.start, f.have = off, n
	}
	b := f.buf[off-f.start : f.have]
	return b[:min(int64(len(b)), end-off)], nil
}

// next returns the offset, from at least off, of the first sound thing before
// end, or end.
func (f *finder) next(off, end int64) (int64, error) {
	for off < end {
		b, err := f.window(off, end)
		if err != nil {
			return 0, err
		}
		if len(b) == 0 {
			return end, nil
		}
		last := len(b)
		if off+int64(last) < end {
			last = max(1, last-f.most+1)
		}
		for i := range last {
			if f.sound(b[i:]) {
				return off + int64(i), nil
			}
		}
		off += int64(last)
	}
	return end, nil
}
