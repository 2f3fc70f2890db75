// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// deleted is the DELETE of a file with nlink names before it.
func deleted(name string, nlink uint32) Want {
	return Rec(uapi.FSDelete, name).May(uapi.FlagUnlinked).Nlink(nlink)
}

// nameRows make and remove names.
func nameRows() []Scenario {
	return []Scenario{{
		Name: "unlinkat", Kinds: []string{"unlinkat"},
		Setup: func(e *Env) { e.File("a", "0123456789", 0o600); e.Bind("a", "a"); e.Bind("dir", "") },
		Do:    func(e *Env) { e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("a"), 0)) },
		Want: func(e *Env) []Want {
			return []Want{deleted("a", 1).Size(10).Mode(regular|0o600).Object("a").Dirs("dir", "")}
		},
	}, {
		Name: "unlinkat of a symbolic link removes the link", Kinds: []string{"unlinkat"},
		Setup: func(e *Env) { e.File("a", "x", 0o600); e.Symlink("a", "l"); e.Bind("l", "l") },
		Do:    func(e *Env) { e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("l"), 0)) },
		Want: func(e *Env) []Want {
			return []Want{deleted("l", 1).Mode(unix.S_IFLNK | 0o777).Object("l")}
		},
	}, {
		Name: "mkdirat and unlinkat with AT_REMOVEDIR", Kinds: []string{"mkdirat", "unlinkat"},
		Setup: func(e *Env) { e.Mkdir("d"); e.Dirfd("d"); e.Bind("d", "d") },
		Do: func(e *Env) {
			e.Must(unix.Mkdirat(int(e.FD("d")), "e", 0o777))
			e.Must(unix.Unlinkat(int(e.FD("d")), "e", unix.AT_REMOVEDIR))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSMkdir, "d/e").Mode(directory|0o755).Object("e").Dirs("d", ""),
				Rec(uapi.FSRmdir, "d/e").May(uapi.FlagUnlinked).Mode(directory|0o755).Object("e").Dirs("d", ""),
			}
		},
	}, {
		Name: "symlinkat, readlinkat", Kinds: []string{"symlinkat", "readlinkat"},
		Do: func(e *Env) {
			e.Must(unix.Symlinkat("../some/./where//", unix.AT_FDCWD, e.P("l")))
			n, err := unix.Readlinkat(unix.AT_FDCWD, e.P("l"), make([]byte, 64))
			e.N(n, err, 17)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSSymlink, "l").Target("../some/./where//").Mode(unix.S_IFLNK | 0o777).Size(17).Object("l"),
				Rec(uapi.FSReadlink, "l").Outcome(17).Object("l"),
			}
		},
	}, {
		Name: "linkat, write by either name, unlink both", Kinds: []string{"linkat", "write", "unlinkat"},
		Setup: func(e *Env) {
			e.File("a", "x", 0o600)
			e.Bind("a", "a")
			e.Mkdir("d")
			e.Bind("dir", "")
			e.Bind("d", "d")
		},
		Do: func(e *Env) {
			e.Must(unix.Linkat(unix.AT_FDCWD, e.P("a"), unix.AT_FDCWD, e.P("d/b"), 0))
			for _, name := range []string{"a", "d/b"} {
				fd := e.Open(name, unix.O_WRONLY, 0)
				n, err := unix.Write(fd, []byte("xy"))
				e.N(n, err, 2)
				e.Close(fd)
			}
			e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("a"), 0))
			e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("d/b"), 0))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSHardlink, "a").To("d/b").Nlink(2).Object("a").Dirs("dir", "d"),
				opened(e, "a", unix.O_WRONLY).Object("a"),
				Rec(uapi.FSWrite, "a").Did(0, 2).Object("a"),
				closed("a").Object("a"),
				opened(e, "d/b", unix.O_WRONLY).Object("a"),
				Rec(uapi.FSWrite, "d/b").Did(0, 2).Nlink(2).Object("a"),
				closed("d/b").Object("a"),
				deleted("a", 2).Object("a"),
				deleted("d/b", 1).Object("a"),
			}
		},
	}, {
		Name: "linkat of a symbolic link", Kinds: []string{"linkat"},
		Setup: func(e *Env) { e.File("a", "x", 0o600); e.Symlink("a", "l"); e.Bind("l", "l") },
		Do:    func(e *Env) { e.Must(unix.Linkat(unix.AT_FDCWD, e.P("l"), unix.AT_FDCWD, e.P("l2"), 0)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSHardlink, "l").To("l2").Nlink(2).Object("l")}
		},
	}, {
		Name: "create, remove and create again", Kinds: []string{"openat", "unlinkat"},
		Do: func(e *Env) {
			for range 2 {
				e.Close(e.Open("a", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o644))
				e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("a"), 0))
			}
		},
		Want: func(e *Env) []Want {
			const flags = unix.O_CREAT | unix.O_EXCL | unix.O_WRONLY
			once := []Want{created("a", 0o644), opened(e, "a", flags), closed("a"), deleted("a", 1)}
			return append(once, once...)
		},
	}}
}
