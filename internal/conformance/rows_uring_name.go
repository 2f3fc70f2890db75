// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

const here = unix.AT_FDCWD

// uringNameRows open, make, move and remove.
func uringNameRows() []Scenario {
	const flags = unix.O_CREAT | unix.O_EXCL | unix.O_RDWR
	return []Scenario{
		uringRow("openat and close", []uint8{opOpenat, opClose}, nil,
			func(e *Env) {
				fd := e.Submit(sqe{op: opOpenat, fd: here, addr: e.cstr(e.P("n")), len: 0o640, flags: flags})
				e.NoteFD("n", fd)
				e.Submit(sqe{op: opClose, fd: fd})
			},
			func(e *Env) []Want {
				return []Want{
					created("n", 0o640).Object("n"),
					byURing(opened(e, "n", flags)).Object("n"),
					byURing(closed("n")).Object("n"),
				}
			}),
		uringRow("openat2 with O_TRUNC", []uint8{opOpenat2}, digits(unix.O_RDONLY),
			func(e *Env) {
				how := &unix.OpenHow{Flags: unix.O_WRONLY | unix.O_TRUNC}
				fd := e.Submit(sqe{op: opOpenat2, fd: here, addr: e.cstr(e.P("a")), len: uint32(unsafe.Sizeof(*how)),
					off: uint64(e.ptr(unsafe.Slice((*byte)(unsafe.Pointer(how)), unsafe.Sizeof(*how))))})
				e.Close(e.NoteFD("again", fd))
			},
			func(e *Env) []Want {
				return []Want{
					Rec(uapi.FSTruncate, "a").Via(uapi.ViaOpen).Len(0).Size(0).Object("a"),
					byURing(Rec(uapi.FSOpen, "a").FD(e.FD("again")).Asked(unix.O_WRONLY | unix.O_TRUNC)).Object("a"),
					closed("a").Object("a"),
				}
			}),
		uringRow("openat that fails", []uint8{opOpenat}, nil,
			func(e *Env) {
				_, err := e.ring.do(sqe{op: opOpenat, fd: here, addr: e.cstr(e.P("none")), flags: unix.O_RDONLY})
				e.Fails(err, unix.ENOENT)
			},
			func(e *Env) []Want { return []Want{byURing(Failed(uapi.FSOpen, "none", unix.ENOENT))} }),
		uringRow("statx", []uint8{opStatx}, digits(unix.O_RDONLY),
			func(e *Env) {
				e.Submit(sqe{op: opStatx, fd: here, addr: e.cstr(e.P("a")), len: unix.STATX_BASIC_STATS,
					off: uint64(e.ptr(make([]byte, unsafe.Sizeof(unix.Statx_t{}))))})
			},
			func(e *Env) []Want { return []Want{byURing(Rec(uapi.FSStat, "a").Size(10).Object("a"))} }),
		uringRow("renameat over an existing file", []uint8{opRenameat}, fileAndTarget,
			func(e *Env) {
				e.Submit(sqe{op: opRenameat, fd: here, addr: e.cstr(e.P("a")), len: at(here), off: uint64(e.cstr(e.P("b")))})
			},
			func(e *Env) []Want {
				return []Want{
					byURing(Rec(uapi.FSRename, "a").To("b").Object("a")),
					deleted("b", 1).Via(uapi.ViaRename).Object("b").CausedBy(1),
				}
			}),
		uringRow("mkdirat and unlinkat", []uint8{opMkdirat, opUnlinkat},
			func(e *Env) { e.File("a", "x", 0o600); e.Bind("a", "a") },
			func(e *Env) {
				e.Submit(sqe{op: opMkdirat, fd: here, addr: e.cstr(e.P("d")), len: 0o750})
				e.Submit(sqe{op: opUnlinkat, fd: here, addr: e.cstr(e.P("d")), flags: unix.AT_REMOVEDIR})
				e.Submit(sqe{op: opUnlinkat, fd: here, addr: e.cstr(e.P("a"))})
			},
			func(e *Env) []Want {
				return []Want{
					byURing(Rec(uapi.FSMkdir, "d").Mode(directory | 0o750)).Object("d"),
					byURing(Rec(uapi.FSRmdir, "d").May(uapi.FlagUnlinked)).Object("d"),
					byURing(deleted("a", 1)).Object("a"),
				}
			}),
		uringRow("symlinkat and linkat", []uint8{opSymlinkat, opLinkat},
			func(e *Env) { e.File("a", "x", 0o600); e.Bind("a", "a") },
			func(e *Env) {
				e.Submit(sqe{op: opSymlinkat, fd: here, addr: e.cstr("target"), off: uint64(e.cstr(e.P("l")))})
				e.Submit(sqe{op: opLinkat, fd: here, addr: e.cstr(e.P("a")), len: at(here), off: uint64(e.cstr(e.P("b")))})
			},
			func(e *Env) []Want {
				return []Want{
					byURing(Rec(uapi.FSSymlink, "l").Target("target")),
					byURing(Rec(uapi.FSHardlink, "a").To("b").Nlink(2).Object("a")),
				}
			}),
		uringXattrRow(),
	}
}

func uringXattrRow() Scenario {
	const name = "trusted.vexj"
	s := uringRow("setxattr", []uint8{opSetxattr},
		func(e *Env) { e.File("a", "x", 0o600); e.Bind("a", "a") },
		func(e *Env) {
			e.Submit(sqe{op: opSetxattr, addr: e.cstr(name), len: 3, off: uint64(e.ptr([]byte("xyz"))), addr3: e.cstr(e.P("a"))})
		},
		func(e *Env) []Want {
			return []Want{byURing(Rec(uapi.FSSetxattr, "a").Name(name).Value("xyz").Len(3).Object("a"))}
		})
	s.Needs = append(s.Needs, needRoot, needXattr)
	return s
}

// at is a directory descriptor in a field of 32 bits without sign.
func at(dirfd int) uint32 { return uint32(int32(dirfd)) }
