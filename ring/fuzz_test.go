// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"encoding/binary"
	"errors"
	"testing"
	"unsafe"
)

// FuzzHostile reads a ring whose producer obeys nothing. The input is a run of
// instructions of 9 bytes: what to do, and a number. Whatever it does, a sample
// must lie inside the mapping and inside what the producer claims to have
// written, and the reader must come to an end. The pages around the mapping
// fault when touched.
func FuzzHostile(f *testing.F) {
	const size = 4096
	step := func(op byte, v uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{op}, v) }
	join := func(steps ...[]byte) (all []byte) {
		for _, s := range steps {
			all = append(all, s...)
		}
		return all
	}
	const header, producer, consumer, next, fill, release, resync, reopen = 0, 1, 2, 3, 4, 5, 6, 7
	at := func(offset, word uint64) []byte { return step(header, offset<<32|word) }
	f.Add(join(at(0, 16), at(24, 8), step(producer, 40), step(next, 3), step(release, 0)))
	f.Add(join(at(0, busyBit|16), step(producer, 24), step(fill, 4), at(0, discardBit|16), step(fill, 4)))
	f.Add(join(at(0, size-8), step(producer, size), step(next, 1), step(resync, 0), step(next, 1)))
	f.Add(join(at(0, 1<<30-1), step(producer, 8), step(next, 1), step(fill, 9)))
	f.Add(join(at(4088, 1<<32-1), step(consumer, 4088), step(reopen, 0), step(producer, 8184), step(next, 2), step(release, 0)))
	f.Add(join(step(consumer, 1<<64-8), step(reopen, 0), step(producer, 8), at(4088, 8), step(next, 2)))
	f.Add(join(step(producer, 4095), step(fill, 3), step(producer, 4088), step(fill, 255), step(release, 0)))

	f.Fuzz(func(t *testing.T, program []byte) {
		program = program[:min(len(program), 9*200)]
		fake, r := newFake(t, size)
		first := r
		batch := make([][]byte, 256)
		check := func(sample []byte) {
			start := uintptr(unsafe.Pointer(unsafe.SliceData(sample)))
			low := uintptr(r.data)
			if start < low+headerSize || start+uintptr(len(sample)) > low+2*size || len(sample) > size {
				t.Fatalf("sample of %d bytes at %#x of a ring at %#x", len(sample), start, low)
			}
			for _, b := range sample {
				fuzzSum += b
			}
		}
		for ; len(program) >= 9; program = program[9:] {
			value := binary.LittleEndian.Uint64(program[1:])
			switch program[0] % 8 {
			case header:
				fake.header(uintptr(value >> 32 &^ 7)).Store(uint32(value))
			case producer:
				fake.producer.Store(uintptr(value))
			case consumer:
				fake.consumer.Store(uintptr(value))
			case next:
				for range value % 600 {
					sample, ok, err := r.Next()
					mustBeCorrupt(t, err)
					if !ok {
						break
					}
					check(sample)
				}
			case fill:
				n, err := r.Fill(batch[:value%256])
				mustBeCorrupt(t, err)
				for _, sample := range batch[:n] {
					check(sample)
				}
			case release:
				r.Release()
			case resync:
				dropped, err := r.Resync()
				must(t, err)
				if dropped < 0 || dropped > size {
					t.Fatalf("dropped %d bytes", dropped)
				}
			case reopen:
				r.Release()
				r = newRing(-1, first.control, first.readOnly)
			}
			if n := r.Pending(); n < 0 || n > size {
				t.Fatalf("%d bytes pending", n)
			}
			r.ready()
		}
	})
}

// fuzzSum makes the reading of samples an effect.
var fuzzSum byte

func mustBeCorrupt(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
}
