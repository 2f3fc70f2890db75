// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// procFD is the magic link that leads to what fd refers to.
func procFD(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// openOutcomeRows are the ways to open that say more than open does.
func openOutcomeRows() []Scenario {
	return []Scenario{{
		Name:  "openat with a directory descriptor",
		Kinds: []string{"openat", "close"},
		Setup: func(e *Env) { e.Mkdir("d"); e.File("d/a", "x", 0o644); e.Dirfd("d"); e.Bind("a", "d/a") },
		Do: func(e *Env) {
			fd, err := unix.Openat(int(e.FD("d")), "a", unix.O_RDONLY, 0)
			e.Must(err)
			e.Close(e.NoteFD("d/a", fd))
		},
		Want: func(e *Env) []Want {
			return []Want{opened(e, "d/a", unix.O_RDONLY).Object("a"), closed("d/a").Object("a")}
		},
	}, {
		Name:  "openat of an absolute path disregards the descriptor",
		Kinds: []string{"openat", "close"},
		Setup: func(e *Env) { e.Mkdir("d"); e.File("a", "x", 0o644); e.Dirfd("d") },
		Do: func(e *Env) {
			fd, err := unix.Openat(int(e.FD("d")), e.P("a"), unix.O_RDONLY, 0)
			e.Must(err)
			e.Close(e.NoteFD("a", fd))
		},
		Want: func(e *Env) []Want {
			return []Want{opened(e, "a", unix.O_RDONLY), closed("a")}
		},
	}, {
		Name:  "openat2",
		Kinds: []string{"openat2", "close"},
		Setup: func(e *Env) { e.Mkdir("d"); e.File("a", "x", 0o644); e.Dirfd("d") },
		Do: func(e *Env) {
			fd, err := unix.Openat2(int(e.FD("d")), "b", &unix.OpenHow{
				Flags: unix.O_CREAT | unix.O_WRONLY, Mode: 0o600, Resolve: unix.RESOLVE_BENEATH})
			e.Must(err)
			e.Close(e.NoteFD("d/b", fd))
			_, err = unix.Openat2(int(e.FD("d")), "../a", &unix.OpenHow{Resolve: unix.RESOLVE_BENEATH})
			e.Fails(err, unix.EXDEV)
		},
		Want: func(e *Env) []Want {
			return []Want{
				created("d/b", 0o600),
				opened(e, "d/b", unix.O_CREAT|unix.O_WRONLY),
				closed("d/b"),
				Failed(uapi.FSOpen, "a", unix.EXDEV),
			}
		},
	}, {
		Name:  "open by file handle",
		Kinds: []string{"open_by_handle_at", "close"},
		Needs: []Need{needRoot},
		Setup: func(e *Env) {
			e.File("a", "x", 0o644)
			e.Dirfd(".")
			e.Bind("a", "a")
			_, _, err := unix.NameToHandleAt(unix.AT_FDCWD, e.P("a"), 0)
			e.Supports("name_to_handle_at", err)
			e.Held("a", unix.O_RDONLY)
		},
		Do: func(e *Env) {
			h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, e.P("a"), 0)
			e.Must(err)
			fd, err := unix.OpenByHandleAt(int(e.FD(".")), h, unix.O_RDONLY)
			e.Must(err)
			e.Close(e.NoteFD("again", fd))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSOpen, "a").FD(e.FD("again")).Object("a"),
				closed("a").Object("a"),
			}
		},
	}, {
		Name:  "reopen by /proc/self/fd",
		Kinds: []string{"openat", "close"},
		Setup: func(e *Env) { e.File("a", "x", 0o644); e.Held("a", unix.O_RDONLY) },
		Do: func(e *Env) {
			fd, err := unix.Open(procFD(int(e.FD("a"))), unix.O_WRONLY, 0)
			e.Must(err)
			e.Close(e.NoteFD("again", fd))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSOpen, "a").FD(e.FD("again")).Asked(unix.O_WRONLY),
				closed("a"),
			}
		},
	}, {
		Name:  "open of a directory",
		Kinds: []string{"openat", "close"},
		Setup: func(e *Env) { e.Mkdir("d"); e.Bind("d", "d") },
		Do:    func(e *Env) { e.Close(e.Open("d", unix.O_RDONLY|unix.O_DIRECTORY, 0)) },
		Want: func(e *Env) []Want {
			return []Want{
				opened(e, "d", unix.O_RDONLY|unix.O_DIRECTORY).Mode(directory | 0o755).Object("d"),
				closed("d").Mode(directory | 0o755).Object("d"),
			}
		},
	}, {
		Name:  "open, write and read of a fifo",
		Kinds: []string{"openat", "write", "read", "close"},
		Setup: func(e *Env) { e.Must(unix.Mkfifo(e.P("p"), 0o600)) },
		Do: func(e *Env) {
			fd := e.Open("p", unix.O_RDWR, 0)
			n, err := unix.Write(fd, []byte("abc"))
			e.N(n, err, 3)
			n, err = unix.Read(fd, make([]byte, 8))
			e.N(n, err, 3)
			e.Close(fd)
		},
		Want: func(e *Env) []Want {
			return []Want{
				opened(e, "p", unix.O_RDWR).Mode(unix.S_IFIFO | 0o600).Object("p"),
				Rec(uapi.FSWrite, "p").Len(3).Outcome(3).Object("p"),
				Rec(uapi.FSRead, "p").Len(8).Outcome(3).Object("p"),
				closed("p").Object("p"),
			}
		},
	}, {
		Name:  "open and write of a character device",
		Kinds: []string{"openat", "write", "close"},
		Needs: []Need{needRoot},
		Setup: func(e *Env) {
			e.Must(unix.Mknod(e.P("null"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
			fd, err := unix.Open(e.P("null"), unix.O_WRONLY, 0)
			if err == unix.EACCES {
				e.Unmet("the filesystem is mounted nodev")
			}
			e.Must(err)
			e.Close(fd)
		},
		Do: func(e *Env) {
			fd := e.Open("null", unix.O_WRONLY, 0)
			n, err := unix.Write(fd, []byte("abc"))
			e.N(n, err, 3)
			e.Close(fd)
		},
		Want: func(e *Env) []Want {
			return []Want{
				opened(e, "null", unix.O_WRONLY).Mode(unix.S_IFCHR | 0o600).Object("n"),
				Rec(uapi.FSWrite, "null").Len(3).Outcome(3).Object("n"),
				closed("null").Object("n"),
			}
		},
	}}
}
