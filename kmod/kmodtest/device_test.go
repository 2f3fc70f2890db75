// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"cmp"
	"encoding/binary"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
	"vexj/ring"
	"vexj/uapi"
)

// The commands of uapi/vexj.h as they go over the wire, without the package that
// hides it: what is sent here is mostly wrong.
const (
	iocInfo         = 2<<30 | 96<<16 | 'J'<<8 | 0x01
	iocConsume      = 3<<30 | 40<<16 | 'J'<<8 | 0x02
	iocStop         = 'J'<<8 | 0x03
	iocRing         = 1<<30 | 4<<16 | 'J'<<8 | 0x04
	iocSequence     = 2<<30 | 8<<16 | 'J'<<8 | 0x05
	iocCounters     = 3<<30 | 192<<16 | 'J'<<8 | 0x06
	iocFilterGet    = 3<<30 | 384<<16 | 'J'<<8 | 0x07
	iocFilterSet    = 1<<30 | 384<<16 | 'J'<<8 | 0x08
	iocFollow       = 1<<30 | 8<<16 | 'J'<<8 | 0x09
	iocUnfollow     = 1<<30 | 8<<16 | 'J'<<8 | 0x0a
	iocContextSet   = 1<<30 | 120<<16 | 'J'<<8 | 0x0b
	iocContextClear = 1<<30 | 120<<16 | 'J'<<8 | 0x0c
	iocContextGet   = 3<<30 | 120<<16 | 'J'<<8 | 0x0d
	iocPeek         = 3<<30 | 32<<16 | 'J'<<8 | 0x0e
	iocHook         = 3<<30 | 272<<16 | 'J'<<8 | 0x0f
)

var (
	looking  = []uintptr{iocInfo, iocCounters, iocFilterGet, iocContextGet, iocPeek, iocHook}
	steering = []uintptr{iocConsume, iocStop, iocRing, iocSequence, iocFilterSet, iocFollow, iocUnfollow, iocContextSet, iocContextClear}
)

func ioctl(fd int, command uintptr, arg []byte) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), command, uintptr(unsafe.Pointer(&arg[0]))); errno != 0 {
		return errno
	}
	return nil
}

func openDevice(t *testing.T, flags int) int {
	t.Helper()
	fd, err := unix.Open(device.Path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// emissions are the types that others than the module make: a run of them is not
// disturbed by what else happens on the machine.
var emissions = slices.DeleteFunc(uapi.Types(), func(ty uapi.Type) bool {
	switch ty.Category() {
	case uapi.CategoryFilesystem, uapi.CategoryProcess, uapi.CategorySystem:
		return true
	}
	return false
})

// A run is this process as the consumer, with its rings open.
type run struct {
	*device.Producer
	rings []*ring.Ring
}

func begin(t *testing.T, o device.Options) *run {
	t.Helper()
	if o.Filter.Types == nil {
		o.Filter.Types = emissions
	}
	p, err := device.Consume(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{Producer: p}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, fd := range p.Rings() {
		o, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { o.Close() })
		r.rings = append(r.rings, o)
	}
	return r
}

// drain takes what is in the rings, in the order of its numbers.
func (r *run) drain(t *testing.T) []uapi.Record {
	t.Helper()
	var out []uapi.Record
	for _, rg := range r.rings {
		for {
			b, ok, err := rg.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			rec, err := uapi.Check(b)
			if err != nil {
				t.Fatalf("%x: %v", b, err)
			}
			out = append(out, slices.Clone(rec))
		}
		rg.Release()
	}
	slices.SortFunc(out, func(a, b uapi.Record) int { return cmp.Compare(a.GlobalSequence(), b.GlobalSequence()) })
	return out
}

// nodes are the records by the node that they were emitted with.
func nodes(recs []uapi.Record) map[uint64]uapi.Record {
	out := map[uint64]uapi.Record{}
	for _, rec := range recs {
		if n, ok := rec.U64(uapi.AttrGraphNode); ok {
			out[n] = rec
		}
	}
	return out
}

// settled fails unless everything that was numbered was recorded or lost, and
// each that was recorded is in recs.
func settled(t *testing.T, p *device.Producer, recs int) {
	t.Helper()
	c, err := p.Total()
	if err != nil {
		t.Fatal(err)
	}
	var lost uint64
	for _, n := range c.Lost {
		lost += n
	}
	if c.Attempted != c.Recorded+lost || c.Recorded != uint64(recs) || c.GlobalSequence != c.Attempted {
		t.Errorf("attempted %d, numbered %d, recorded %d, lost %d; %d records seen", c.Attempted, c.GlobalSequence, c.Recorded, lost, recs)
	}
}

// until fails the test if what is waited for has not come in a minute.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no end of waiting for %s", what)
		}
	}
}

func words(w ...any) []byte {
	var b []byte
	for _, v := range w {
		b, _ = binary.Append(b, binary.LittleEndian, v)
	}
	return b
}
