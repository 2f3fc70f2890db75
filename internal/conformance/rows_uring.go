// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// uringRow makes a row whose calls come through io_uring. Whichever thread the
// kernel lets do them, the process is the one that asked.
func uringRow(name string, ops []uint8, setup func(*Env), do func(*Env), want func(*Env) []Want) Scenario {
	return Scenario{
		Name:  "io_uring: " + name,
		Kinds: []string{"io_uring"},
		Needs: []Need{needURing},
		Setup: func(e *Env) {
			if setup != nil {
				setup(e)
			}
			e.URing(ops...)
		},
		Do: do,
		Want: func(e *Env) []Want {
			out := want(e)
			for i := range out {
				out[i] = out[i].AnyThread()
			}
			return out
		},
	}
}

func byURing(w Want) Want { return w.Via(uapi.ViaUring) }

// uringRows read and write.
func uringRows() []Scenario {
	const current = ^uint64(0) // the file's position
	data := []byte("abcdef")
	iovecs := func(e *Env) uintptr {
		return e.iovecs([]byte("abc"), []byte("defgh"))
	}
	return []Scenario{
		uringRow("write and read", []uint8{opWrite, opRead}, digits(unix.O_RDWR),
			func(e *Env) {
				fd := int(e.FD("a"))
				e.N(e.Submit(sqe{op: opWrite, fd: fd, off: 8, addr: e.ptr(data), len: 6}), nil, 6)
				e.N(e.Submit(sqe{op: opRead, fd: fd, off: 10, addr: e.ptr(make([]byte, 64)), len: 64}), nil, 4)
				e.N(e.Submit(sqe{op: opRead, fd: fd, off: current, addr: e.ptr(make([]byte, 64)), len: 3}), nil, 3)
			},
			func(e *Env) []Want {
				return []Want{
					byURing(wrote(8, 6, 14)),
					byURing(Rec(uapi.FSRead, "a").At(10).Len(64).Outcome(4).Size(14).Object("a")),
					byURing(Rec(uapi.FSRead, "a").Did(0, 3).Object("a")),
				}
			}),
		uringRow("writev and readv", []uint8{opWritev, opReadv}, digits(unix.O_RDWR),
			func(e *Env) {
				fd := int(e.FD("a"))
				e.N(e.Submit(sqe{op: opWritev, fd: fd, off: 1, addr: iovecs(e), len: 2}), nil, 8)
				e.N(e.Submit(sqe{op: opReadv, fd: fd, off: 2, addr: iovecs(e), len: 2}), nil, 8)
			},
			func(e *Env) []Want {
				return []Want{byURing(wrote(1, 8, 10)), byURing(Rec(uapi.FSRead, "a").Did(2, 8).Object("a"))}
			}),
		uringRow("fsync and fdatasync", []uint8{opFsync}, digits(unix.O_RDWR),
			func(e *Env) {
				e.Submit(sqe{op: opFsync, fd: int(e.FD("a"))})
				e.Submit(sqe{op: opFsync, fd: int(e.FD("a")), flags: uringFsyncData})
			},
			func(e *Env) []Want {
				return []Want{
					byURing(Rec(uapi.FSFsync, "a").Kind(uapi.FsyncAll).Object("a")),
					byURing(Rec(uapi.FSFsync, "a").Kind(uapi.FsyncData).Object("a")),
				}
			}),
		uringRow("fallocate", []uint8{opFallocate}, digits(unix.O_RDWR),
			func(e *Env) { e.Submit(sqe{op: opFallocate, fd: int(e.FD("a")), off: 4096, addr: 4096}) },
			func(e *Env) []Want {
				return []Want{byURing(Rec(uapi.FSFallocate, "a").At(4096).Len(4096).Size(8192).Object("a"))}
			}),
		uringRow("ftruncate", []uint8{opFtruncate}, digits(unix.O_RDWR),
			func(e *Env) { e.Submit(sqe{op: opFtruncate, fd: int(e.FD("a")), off: 3}) },
			func(e *Env) []Want {
				return []Want{byURing(Rec(uapi.FSTruncate, "a").Len(3).Size(3).Object("a"))}
			}),
		uringRow("write that fails", []uint8{opWrite}, digits(unix.O_RDONLY),
			func(e *Env) {
				_, err := e.ring.do(sqe{op: opWrite, fd: int(e.FD("a")), addr: e.ptr(data), len: 6})
				e.Fails(err, unix.EBADF)
			},
			func(e *Env) []Want { return []Want{byURing(Failed(uapi.FSWrite, "a", unix.EBADF))} }),
		uringPollRow(),
	}
}

// uringPollRow writes by the thread of the kernel that polls the queue.
func uringPollRow() Scenario {
	s := uringRow("write by the polling thread", []uint8{opWrite}, digits(unix.O_RDWR),
		func(e *Env) {
			e.N(e.Submit(sqe{op: opWrite, fd: int(e.FD("a")), off: 2, addr: e.ptr([]byte("xyz")), len: 3}), nil, 3)
		},
		func(e *Env) []Want { return []Want{byURing(wrote(2, 3, 10))} })
	s.Kinds = append(s.Kinds, "io_uring.sqpoll")
	s.Setup = func(e *Env) {
		digits(unix.O_RDWR)(e)
		r, err := openURingWith(uringSQPoll)
		e.Supports("IORING_SETUP_SQPOLL", err)
		e.ring = r
		e.Cleanup(r.close)
	}
	return s
}
