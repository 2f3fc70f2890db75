// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
	"vexj/uapi"
)

// Structs that are fine, so that each case below has one thing wrong with it.
func goodConsume() []byte {
	return words(uint32(0), uint32(100), uint64(1<<16), uint32(4096), uint32(0), uint64(0), uint64(0))
}

func goodFilter() []byte { return make([]byte, 384) }

// onlyType is a filter that lets one type through.
func onlyType(ty uapi.Type) []byte {
	b := goodFilter()
	word := 32 + 8*((int(ty)>>8&7)*4+int(ty)>>6&3)
	binary.LittleEndian.PutUint64(b[word:], 1<<(ty&63))
	return b
}

func goodTree() []byte {
	b := words(uint32(1), uint32(0), uint64(unix.Getpid()), uint64(7), uint64(0), uint64(0), uint64(0), uint32(3), uint32(0))
	return append(b, append([]byte("abc"), make([]byte, 61)...)...)
}

// Their addresses go into structs as numbers, so they must not move.
var (
	many     = []byte(strings.Repeat("/a\x00", 9))
	relative = []byte("a\x00")
	endless  = []byte("/a")
)

type badCall struct {
	name    string
	command uintptr
	good    func() []byte
	at      int
	bytes   []byte
	want    error
}

func badCalls() []badCall {
	consume := func(name string, at int, v any) badCall {
		return badCall{"consume " + name, iocConsume, goodConsume, at, words(v), unix.EINVAL}
	}
	filter := func(name string, at int, v any) badCall {
		return badCall{"filter " + name, iocFilterSet, goodFilter, at, words(v), unix.EINVAL}
	}
	context := func(name string, at int, v any, want error) badCall {
		return badCall{"context " + name, iocContextSet, goodTree, at, words(v), want}
	}
	zero := func(n int) func() []byte { return func() []byte { return make([]byte, n) } }
	return []badCall{
		consume("flags", 0, uint32(1)),
		consume("deadline too long", 4, uint32(60001)),
		consume("ring no power of two", 8, uint64(12288)),
		consume("ring below a page", 8, uint64(2048)),
		consume("ring too big", 8, uint64(1<<29)),
		consume("ring beyond 32 bits", 8, uint64(1<<32|1<<16)),
		consume("watermark above half", 16, uint32(1<<15+1)),
		consume("cpus", 20, uint32(1)),
		consume("id_base", 32, uint64(1)),

		filter("flags", 0, uint32(8)),
		filter("too many users", 4, uint32(9)),
		filter("too many filesystems", 8, uint32(9)),
		filter("text too long", 12, uint32(8*4096+1)),
		{"filter text without address", iocFilterSet, goodFilter, 12, words(uint32(1)), unix.EFAULT},
		filter("address without text", 24, uint64(1)),
		filter("a user beyond their number", 288, uint32(1)),
		filter("a filesystem beyond their number", 320, uint64(1)),
		{"filter minor too big", iocFilterSet, func() []byte {
			b := goodFilter()
			b[8] = 1
			return b
		}, 320, words(uint64(1 << 20)), unix.EINVAL},
		{"filter major too big", iocFilterSet, func() []byte {
			b := goodFilter()
			b[8] = 1
			return b
		}, 320, words(uint64(4096) << 32), unix.EINVAL},
		{"filter wants nothing", iocFilterSet, func() []byte {
			b := goodFilter()
			b[0] = 2 // of those that leave something changed
			return b
		}, 32 + 3*32, words(uint64(2)), unix.EINVAL}, // vectors
		{"filter relative prefix", iocFilterSet, goodFilter, 12, text(relative), unix.EINVAL},
		{"filter prefix without end", iocFilterSet, goodFilter, 12, text(endless), unix.EINVAL},
		{"filter nine prefixes", iocFilterSet, goodFilter, 12, text(many), unix.EINVAL},

		{"follow reserved", iocFollow, zero(8), 4, words(uint32(1)), unix.EINVAL},
		{"follow nobody", iocFollow, zero(8), 0, words(uint32(1 << 30)), unix.ESRCH},
		{"follow no process", iocFollow, zero(8), 0, words(uint32(0)), unix.ESRCH},
		{"unfollow reserved", iocUnfollow, zero(8), 4, words(uint32(1)), unix.EINVAL},

		context("kind 0", 0, uint32(0), unix.EINVAL),
		context("kind 3", 0, uint32(3), unix.EINVAL),
		context("index", 4, uint32(1), unix.EINVAL),
		context("id 0", 8, uint64(0), unix.EINVAL),
		context("nobody's", 8, uint64(1<<30), unix.ESRCH),
		context("of a process beyond 32 bits", 8, uint64(1<<32|1), unix.ESRCH),
		context("root without parent", 32, uint64(1), unix.EINVAL),
		context("agent id too long", 48, uint32(65), unix.EINVAL),
		context("agent id with a NUL", 48, uint32(4), unix.EINVAL),
		context("agent id behind its end", 48, uint32(2), unix.EINVAL),
		context("processes", 52, uint32(1), unix.EINVAL),
		{"clear kind 0", iocContextClear, zero(120), 8, words(uint64(1)), unix.EINVAL},
		{"clear what is not set", iocContextClear, zero(120), 0, words(uint32(2), uint32(0), uint64(1<<40)), unix.ENOENT},
		{"clear with a session", iocContextClear, zero(120), 0, words(uint32(2), uint32(0), uint64(1<<40), uint64(1)), unix.EINVAL},
		{"context beyond the last", iocContextGet, zero(120), 4, words(uint32(1 << 31)), unix.ENOENT},

		{"counters reserved", iocCounters, zero(192), 4, words(uint32(1)), unix.EINVAL},
		{"counters of no CPU", iocCounters, zero(192), 0, words(uint32(1 << 20)), unix.EINVAL},
		{"peek reserved", iocPeek, zero(32), 4, words(uint32(1)), unix.EINVAL},
		{"peek at no CPU", iocPeek, zero(32), 0, words(uint32(1<<20), uint32(0), uint64(0), uint64(4096)), unix.EINVAL},
		{"peek without room", iocPeek, zero(32), 16, words(uint64(7)), unix.EINVAL},
		{"peek with an answer", iocPeek, zero(32), 16, words(uint64(4096), uint64(1)), unix.EINVAL},
		{"hook beyond the last", iocHook, zero(272), 0, words(uint32(1 << 31)), unix.ENOENT},

		{"ring without a run of one's own", iocRing, zero(4), 0, nil, unix.EPERM},
		{"sequence without a run of one's own", iocSequence, zero(8), 0, nil, unix.EPERM},
		{"stop without a run of one's own", iocStop, zero(8), 0, nil, unix.EPERM},
		{"no such command", 3<<30 | 8<<16 | 'J'<<8 | 0x10, zero(8), 0, nil, unix.ENOTTY},
		{"command of another size", 3<<30 | 41<<16 | 'J'<<8 | 0x02, goodConsume, 0, nil, unix.ENOTTY},
		{"command of another letter", 3<<30 | 40<<16 | 'K'<<8 | 0x02, goodConsume, 0, nil, unix.ENOTTY},
	}
}

// text is a filter's prefixes_len, cgroup and prefixes.
func text(b []byte) []byte {
	return words(uint32(len(b)), uint64(0), uint64(uintptr(unsafe.Pointer(&b[0]))))
}

func TestBadCalls(t *testing.T) {
	fd := openDevice(t, unix.O_RDWR)
	for _, c := range badCalls() {
		t.Run(c.name, func(t *testing.T) {
			arg := c.good()
			copy(arg[c.at:], c.bytes)
			sent := bytes.Clone(arg)
			if err := ioctl(fd, c.command, arg); err != c.want {
				t.Errorf("%v, not %v", err, c.want)
			}
			if !bytes.Equal(arg, sent) {
				t.Errorf("refused, and yet answered: %x became %x", sent, arg)
			}
		})
	}
	if i, err := mustOpen(t).Info(); err != nil || i.Armed() || i.Contexts != 0 || i.Followed != 0 {
		t.Errorf("what was refused left something behind: %+v, %v", i, err)
	}
}

// The same structs with nothing wrong are taken.
func TestGoodCalls(t *testing.T) {
	fd := openDevice(t, unix.O_RDWR)
	for _, c := range []struct {
		name    string
		command uintptr
		arg     []byte
	}{
		{"filter", iocFilterSet, goodFilter()},
		{"context", iocContextSet, goodTree()},
		{"clear", iocContextClear, append(goodTree()[:16], make([]byte, 104)...)},
		{"consume", iocConsume, goodConsume()},
		{"sequence", iocSequence, make([]byte, 8)},
		{"stop", iocStop, make([]byte, 1)},
		{"stop again", iocStop, make([]byte, 1)},
		{"sequence of what has ended", iocSequence, make([]byte, 8)},
	} {
		if err := ioctl(fd, c.command, c.arg); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	ringFD(t, fd, 0)
}

// An address that cannot be read or written is EFAULT, for every command.
func TestBadAddresses(t *testing.T) {
	fd := openDevice(t, unix.O_RDWR)
	for _, command := range append(append([]uintptr{}, looking...), steering...) {
		if command == iocStop || command == iocSequence {
			continue // no address, or not the consumer
		}
		for _, address := range []uintptr{0, 1, 0xffff_8880_0000_0000, ^uintptr(0) - 4096, ^uintptr(0)} {
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), command, address); errno != unix.EFAULT {
				t.Errorf("command %#x at %#x: %v", command, address, errno)
			}
		}
	}
	peek := words(uint32(0), uint32(0), uint64(0xffff_8880_0000_0000), uint64(4096), uint64(0))
	r := begin(t, device.Options{})
	if _, err := r.Write(bytes.Repeat(sample(1, ""), 64)); err != nil {
		t.Fatal(err)
	}
	failed := false
	for cpu := range r.rings {
		copy(peek, words(uint32(cpu)))
		failed = failed || ioctl(fd, iocPeek, bytes.Clone(peek)) == unix.EFAULT
	}
	if !failed {
		t.Error("records were peeked into the kernel's own memory")
	}
}

func mustOpen(t *testing.T) *device.Device {
	t.Helper()
	d, err := device.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
