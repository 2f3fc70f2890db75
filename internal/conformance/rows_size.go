// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func sizeRows() []Scenario {
	truncated := func(to int64) Want {
		return Rec(uapi.FSTruncate, "a").Len(uint64(to)).Size(to).Object("a")
	}
	allocated := func(mode uint32, offset, n, size int64) Want {
		return Rec(uapi.FSFallocate, "a").Kind(uint16(mode)).At(offset).Len(uint64(n)).Size(size).Object("a")
	}
	// try is for modes that some filesystems lack: its outcome is a fact.
	try := func(name string, mode uint32, offset, n, size, after int64) Scenario {
		return Scenario{
			Name: name, Kinds: []string{"fallocate"},
			Setup: func(e *Env) {
				e.File("a", "", 0o644)
				e.Must(unix.Truncate(e.P("a"), size))
				e.Bind("a", "a")
				e.Held("a", unix.O_RDWR)
			},
			Do: func(e *Env) { e.NoteErr("done", unix.Fallocate(int(e.FD("a")), mode, offset, n)) },
			Want: func(e *Env) []Want {
				w := Rec(uapi.FSFallocate, "a").Kind(uint16(mode)).At(offset).Len(uint64(n)).Outcome(e.Fact("done")).Object("a")
				if e.Fact("done") == 0 {
					w = w.Size(after)
				}
				return []Want{w}
			},
		}
	}
	const mib = 1 << 20
	return []Scenario{{
		Name: "truncate shorter, longer and to what it is", Kinds: []string{"truncate"},
		Setup: digits(unix.O_RDWR),
		Do: func(e *Env) {
			for _, size := range []int64{3, 5000, 5000, 0} {
				e.Must(unix.Truncate(e.P("a"), size))
			}
		},
		Want: func(e *Env) []Want {
			return []Want{truncated(3), truncated(5000), truncated(5000), truncated(0)}
		},
	}, {
		Name: "ftruncate", Kinds: []string{"ftruncate"},
		Setup: digits(unix.O_RDWR),
		Do: func(e *Env) {
			e.Must(unix.Ftruncate(int(e.FD("a")), 1<<33))
			e.Must(unix.Ftruncate(int(e.FD("a")), 1))
		},
		Want: func(e *Env) []Want { return []Want{truncated(1 << 33), truncated(1)} },
	}, {
		Name: "fallocate", Kinds: []string{"fallocate"},
		Setup: digits(unix.O_RDWR),
		Do: func(e *Env) {
			fd := int(e.FD("a"))
			e.Must(unix.Fallocate(fd, 0, 0, 8192))
			e.Must(unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 8192, 8192))
			e.Must(unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4096))
		},
		Want: func(e *Env) []Want {
			return []Want{
				allocated(0, 0, 8192, 8192),
				allocated(unix.FALLOC_FL_KEEP_SIZE, 8192, 8192, 8192),
				allocated(unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4096, 8192),
			}
		},
	},
		try("fallocate ZERO_RANGE", unix.FALLOC_FL_ZERO_RANGE, mib/2, mib, mib, mib+mib/2),
		try("fallocate COLLAPSE_RANGE", unix.FALLOC_FL_COLLAPSE_RANGE, 0, mib/2, mib, mib/2),
		try("fallocate INSERT_RANGE", unix.FALLOC_FL_INSERT_RANGE, mib/2, mib, mib, 2*mib),
		{
			Name: "truncate and fallocate that fail", Kinds: []string{"truncate", "ftruncate", "fallocate"},
			Setup: func(e *Env) { digits(unix.O_RDONLY)(e); e.Mkdir("d") },
			Do: func(e *Env) {
				e.Fails(unix.Truncate(e.P("none"), 1), unix.ENOENT)
				e.Fails(unix.Truncate(e.P("d"), 1), unix.EISDIR)
				e.Fails(unix.Ftruncate(int(e.FD("a")), 1), unix.EINVAL)
				e.Fails(unix.Fallocate(int(e.FD("a")), 0, 0, 1), unix.EBADF)
			},
			Want: func(e *Env) []Want {
				return []Want{
					Failed(uapi.FSTruncate, "none", unix.ENOENT).Len(1),
					Failed(uapi.FSTruncate, "d", unix.EISDIR).Len(1),
					Failed(uapi.FSTruncate, "a", unix.EINVAL).Len(1),
					Failed(uapi.FSFallocate, "a", unix.EBADF).Len(1),
				}
			},
		}}
}
