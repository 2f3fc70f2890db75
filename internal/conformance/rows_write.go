// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func wrote(offset, n, size int64) Want {
	return Rec(uapi.FSWrite, "a").Did(offset, n).Size(size).Object("a")
}

func writeRows() []Scenario {
	return []Scenario{{
		Name: "write twice", Kinds: []string{"write"},
		Setup: digits(unix.O_WRONLY),
		Do: func(e *Env) {
			for range 2 {
				n, err := unix.Write(int(e.FD("a")), []byte("abcdefg"))
				e.N(n, err, 7)
			}
		},
		Want: func(e *Env) []Want { return []Want{wrote(0, 7, 10), wrote(7, 7, 14)} },
	}, {
		Name: "write of nothing", Kinds: []string{"write"},
		Setup: digits(unix.O_WRONLY),
		Do: func(e *Env) {
			n, err := unix.Write(int(e.FD("a")), nil)
			e.N(n, err, 0)
		},
		Want: func(e *Env) []Want { return []Want{wrote(0, 0, 10)} },
	}, {
		Name: "pwrite leaves a hole", Kinds: []string{"pwrite64"},
		Setup: digits(unix.O_WRONLY),
		Do: func(e *Env) {
			n, err := unix.Pwrite(int(e.FD("a")), []byte("x"), 1<<20)
			e.N(n, err, 1)
		},
		Want: func(e *Env) []Want { return []Want{wrote(1<<20, 1, 1<<20+1)} },
	}, {
		Name: "writev, pwritev and pwritev2", Kinds: []string{"writev", "pwritev", "pwritev2"},
		Setup: digits(unix.O_WRONLY),
		Do: func(e *Env) {
			fd, two := int(e.FD("a")), [][]byte{[]byte("abc"), []byte("de")}
			n, err := unix.Writev(fd, two)
			e.N(n, err, 5)
			n, err = unix.Pwritev(fd, two, 8)
			e.N(n, err, 5)
			n, err = unix.Pwritev2(fd, two, 2, 0)
			e.N(n, err, 5)
			n, err = unix.Pwritev2(fd, two, -1, 0)
			e.N(n, err, 5)
		},
		Want: func(e *Env) []Want {
			return []Want{wrote(0, 5, 10), wrote(8, 5, 13), wrote(2, 5, 13), wrote(5, 5, 13)}
		},
	}, {
		Name: "O_APPEND writes at the end", Kinds: []string{"write.append"},
		Setup: digits(unix.O_WRONLY | unix.O_APPEND),
		Do: func(e *Env) {
			for range 2 {
				n, err := unix.Write(int(e.FD("a")), []byte("abc"))
				e.N(n, err, 3)
			}
		},
		Want: func(e *Env) []Want { return []Want{wrote(10, 3, 13), wrote(13, 3, 16)} },
	}, {
		Name: "RWF_APPEND writes at the end", Kinds: []string{"pwritev2.append"},
		Needs: []Need{needAppend},
		Setup: digits(unix.O_WRONLY),
		Do: func(e *Env) {
			n, err := unix.Pwritev2(int(e.FD("a")), [][]byte{[]byte("abc")}, 2, unix.RWF_APPEND)
			e.N(n, err, 3)
		},
		Want: func(e *Env) []Want { return []Want{wrote(10, 3, 13)} },
	}, {
		Name: "O_SYNC write is one record", Kinds: []string{"write"},
		Setup: digits(unix.O_WRONLY | unix.O_SYNC),
		Do: func(e *Env) {
			n, err := unix.Write(int(e.FD("a")), []byte("abc"))
			e.N(n, err, 3)
		},
		Want: func(e *Env) []Want { return []Want{wrote(0, 3, 10)} },
	}, {
		Name: "write to an unlinked file", Kinds: []string{"write", "unlinkat", "ftruncate"},
		Setup: digits(unix.O_RDWR),
		Do: func(e *Env) {
			e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("a"), 0))
			n, err := unix.Write(int(e.FD("a")), []byte("abc"))
			e.N(n, err, 3)
			e.Must(unix.Ftruncate(int(e.FD("a")), 2))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSDelete, "a").May(uapi.FlagUnlinked).Nlink(1).Size(10).Object("a"),
				wrote(0, 3, 10).Flags(uapi.FlagUnlinked).Nlink(0),
				Rec(uapi.FSTruncate, "a").Flags(uapi.FlagUnlinked).Len(2).Size(2).Object("a"),
			}
		},
	}, {
		Name: "write to a file in a removed directory", Kinds: []string{"write", "unlinkat"},
		Setup: func(e *Env) { e.Mkdir("d"); e.File("d/a", "", 0o644); e.Held("d/a", unix.O_WRONLY) },
		Do: func(e *Env) {
			e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("d/a"), 0))
			e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("d"), unix.AT_REMOVEDIR))
			n, err := unix.Write(int(e.FD("d/a")), []byte("abc"))
			e.N(n, err, 3)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSDelete, "d/a").May(uapi.FlagUnlinked).Object("a"),
				Rec(uapi.FSRmdir, "d").May(uapi.FlagUnlinked).Mode(directory | 0o755).Object("d"),
				Rec(uapi.FSWrite, "d/a").Did(0, 3).Flags(uapi.FlagUnlinked).Object("a"),
			}
		},
	}, {
		Name: "short write and ENOSPC", Kinds: []string{"write"},
		Needs: []Need{needRoot, needMount},
		Setup: func(e *Env) {
			e.Mkdir("m")
			e.Mount("small", "m", "tmpfs", 0, "size=64k")
			e.File("m/a", "", 0o644)
			e.Held("m/a", unix.O_WRONLY)
		},
		Do: func(e *Env) {
			fd, much := int(e.FD("m/a")), make([]byte, 1<<17)
			n, err := unix.Write(fd, much)
			e.N(n, err, 1<<16)
			_, err = unix.Write(fd, much)
			e.Fails(err, unix.ENOSPC)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSWrite, "m/a").At(0).Len(1 << 17).Outcome(1 << 16).Size(1 << 16).Object("a"),
				Failed(uapi.FSWrite, "m/a", unix.ENOSPC).Len(1 << 17),
			}
		},
	}, {
		Name: "write through a descriptor that cannot", Kinds: []string{"write"},
		Setup: digits(unix.O_RDONLY),
		Do: func(e *Env) {
			_, err := unix.Write(int(e.FD("a")), []byte("abc"))
			e.Fails(err, unix.EBADF)
		},
		Want: func(e *Env) []Want { return []Want{Failed(uapi.FSWrite, "a", unix.EBADF).Len(3)} },
	}}
}
