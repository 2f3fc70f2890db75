// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// digits is a file of ten bytes whose descriptor e.FD("a") was opened with flags.
func digits(flags int) func(*Env) {
	return func(e *Env) {
		e.File("a", "0123456789", 0o644)
		e.Bind("a", "a")
		e.Held("a", flags)
	}
}

func readRows() []Scenario {
	did := func(offset, asked, done int64) Want {
		return Rec(uapi.FSRead, "a").At(offset).Len(uint64(asked)).Outcome(done).Size(10).Object("a")
	}
	buf := func(n int) []byte { return make([]byte, n) }
	return []Scenario{{
		Name: "read to the end and past it", Kinds: []string{"read"},
		Setup: digits(unix.O_RDONLY),
		Do: func(e *Env) {
			for _, want := range []int{8, 2, 0} {
				n, err := unix.Read(int(e.FD("a")), buf(8))
				e.N(n, err, want)
			}
		},
		Want: func(e *Env) []Want {
			return []Want{did(0, 8, 8), did(8, 8, 2), did(10, 8, 0)}
		},
	}, {
		Name: "pread", Kinds: []string{"pread64"},
		Setup: digits(unix.O_RDONLY),
		Do: func(e *Env) {
			n, err := unix.Pread(int(e.FD("a")), buf(4), 3)
			e.N(n, err, 4)
			n, err = unix.Pread(int(e.FD("a")), buf(4), 1000)
			e.N(n, err, 0)
		},
		Want: func(e *Env) []Want { return []Want{did(3, 4, 4), did(1000, 4, 0)} },
	}, {
		Name: "readv, preadv and preadv2", Kinds: []string{"readv", "preadv", "preadv2"},
		Setup: digits(unix.O_RDONLY),
		Do: func(e *Env) {
			fd := int(e.FD("a"))
			n, err := unix.Readv(fd, [][]byte{buf(3), buf(4)})
			e.N(n, err, 7)
			n, err = unix.Preadv(fd, [][]byte{buf(3), buf(100)}, 2)
			e.N(n, err, 8)
			n, err = unix.Preadv2(fd, [][]byte{buf(1), buf(1)}, 1, 0)
			e.N(n, err, 2)
			n, err = unix.Preadv2(fd, [][]byte{buf(2)}, -1, 0) // at the position
			e.N(n, err, 2)
		},
		Want: func(e *Env) []Want {
			return []Want{did(0, 7, 7), did(2, 103, 8), did(1, 2, 2), did(7, 2, 2)}
		},
	}, {
		Name: "lseek is nothing, and read has the new offset", Kinds: []string{"read"},
		Setup: digits(unix.O_RDONLY),
		Do: func(e *Env) {
			_, err := unix.Seek(int(e.FD("a")), 5, unix.SEEK_SET)
			e.Must(err)
			n, err := unix.Read(int(e.FD("a")), buf(2))
			e.N(n, err, 2)
		},
		Want: func(e *Env) []Want { return []Want{did(5, 2, 2)} },
	}, {
		Name: "read that fails", Kinds: []string{"read"},
		Setup: func(e *Env) { digits(unix.O_WRONLY)(e); e.Mkdir("d"); e.Dirfd("d") },
		Do: func(e *Env) {
			_, err := unix.Read(int(e.FD("a")), buf(4))
			e.Fails(err, unix.EBADF)
			_, err = unix.Read(int(e.FD("d")), buf(4))
			e.Fails(err, unix.EISDIR)
		},
		Want: func(e *Env) []Want {
			return []Want{Failed(uapi.FSRead, "a", unix.EBADF).Len(4), Failed(uapi.FSRead, "d", unix.EISDIR).Len(4)}
		},
	}, {
		Name: "getdents to the end", Kinds: []string{"getdents64"},
		Setup: func(e *Env) { e.Mkdir("d", "d/x", "d/y"); e.Dirfd("d"); e.Bind("d", "d") },
		Do: func(e *Env) {
			for range 2 {
				n, err := unix.Getdents(int(e.FD("d")), buf(4096))
				e.Must(err)
				e.Note("n", max(e.Fact("n"), int64(n)))
			}
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSReaddir, "d").Len(4096).Outcome(e.Fact("n")).Object("d"),
				Rec(uapi.FSReaddir, "d").Len(4096).Outcome(0).Object("d"),
			}
		},
	}}
}
