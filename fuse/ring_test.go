// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"testing"

	rings "vexj/ring"
)

// What is put into the ring comes out of it, in one piece where it wraps, up to the
// last byte that there is room for.
func TestRing(t *testing.T) {
	w, err := newRing(minRing)
	must(t, err)
	defer func() { must(t, w.close()) }()
	fd := w.rings()[0]
	r, err := rings.Open(fd.FD, fd.Size)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	// Sizes that divide the ring, and that do not.
	for _, size := range []int{8, 120, 504, 1000, 4088, 65536} {
		sample := make([]byte, size)
		for round := range 5 {
			put := 0
			for ; w.room(stride(size)); put++ {
				for i := range sample {
					sample[i] = byte(round + put + i)
				}
				w.put(sample)
			}
			w.publish()
			if free := w.size - w.used(); free > stride(size) {
				t.Fatalf("%d bytes: no room for more, and %d bytes are free", size, free)
			}
			for n := range put {
				got, ok, err := r.Next()
				if err != nil || !ok {
					t.Fatalf("%d bytes: sample %d of %d: %v, %v", size, n, put, ok, err)
				}
				for i := range sample {
					sample[i] = byte(round + n + i)
				}
				if !bytes.Equal(got, sample) {
					t.Fatalf("%d bytes: sample %d is another", size, n)
				}
			}
			if _, ok, err := r.Next(); ok || err != nil {
				t.Fatalf("%d bytes: one more than %d: %v", size, put, err)
			}
			r.Release()
		}
	}
}
