// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

const (
	regular   = unix.S_IFREG
	directory = unix.S_IFDIR
)

// created is the CREATE that an open with O_CREAT makes.
func created(name string, mode uint32) Want {
	return Rec(uapi.FSCreate, name).Via(uapi.ViaOpen).Mode(regular | mode).Size(0).Nlink(1)
}

// opened is the OPEN of the descriptor noted for name.
func opened(e *Env, name string, flags int) Want {
	return Rec(uapi.FSOpen, name).FD(e.FD(name)).Asked(flags)
}

func closed(name string) Want { return Rec(uapi.FSClose, name) }

func openRows() []Scenario {
	const fresh = unix.O_CREAT | unix.O_EXCL | unix.O_WRONLY
	return []Scenario{{
		Name:  "open with O_CREAT creates",
		Kinds: []string{"openat", "close"},
		Do:    func(e *Env) { e.Close(e.Open("a", fresh, 0o640)) },
		Want: func(e *Env) []Want {
			return []Want{
				created("a", 0o640).Object("a"),
				opened(e, "a", fresh).Mode(regular | 0o640).Object("a"),
				closed("a").Mode(regular | 0o640).Object("a"),
			}
		},
	}, {
		Name:  "open with O_CREAT finds the file there",
		Kinds: []string{"openat", "close"},
		Setup: func(e *Env) { e.File("a", "0123456789", 0o600); e.Bind("a", "a") },
		Do:    func(e *Env) { e.Close(e.Open("a", unix.O_CREAT|unix.O_RDWR, 0o644)) },
		Want: func(e *Env) []Want {
			return []Want{
				opened(e, "a", unix.O_CREAT|unix.O_RDWR).Mode(regular | 0o600).Size(10).Object("a"),
				closed("a").Size(10).Object("a"),
			}
		},
	}, {
		Name:  "open an existing file",
		Kinds: []string{"openat", "close"},
		Setup: func(e *Env) { e.File("a", "0123456789", 0o600); e.Bind("a", "a") },
		Do:    func(e *Env) { e.Close(e.Open("a", unix.O_RDONLY|unix.O_CLOEXEC, 0)) },
		Want: func(e *Env) []Want {
			return []Want{
				opened(e, "a", unix.O_RDONLY|unix.O_CLOEXEC).Mode(regular | 0o600).Size(10).Nlink(1).Object("a"),
				closed("a").Size(10).Object("a"),
			}
		},
	}, {
		Name:  "open with O_TRUNC truncates first",
		Kinds: []string{"openat", "close"},
		Setup: func(e *Env) { e.File("a", "0123456789", 0o644); e.Bind("a", "a") },
		Do:    func(e *Env) { e.Close(e.Open("a", unix.O_WRONLY|unix.O_TRUNC, 0)) },
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSTruncate, "a").Via(uapi.ViaOpen).Len(0).Size(0).Object("a"),
				opened(e, "a", unix.O_WRONLY|unix.O_TRUNC).Size(0).Object("a"),
				closed("a").Object("a"),
			}
		},
	}, {
		Name:  "open with O_CREAT and O_TRUNC of a new file does not truncate",
		Kinds: []string{"openat", "close"},
		Do:    func(e *Env) { e.Close(e.Open("a", unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC, 0o644)) },
		Want: func(e *Env) []Want {
			return []Want{
				created("a", 0o644),
				opened(e, "a", unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC),
				closed("a"),
			}
		},
	}, {
		Name:  "umask applies to what open creates",
		Kinds: []string{"openat", "close"},
		Do: func(e *Env) {
			unix.Umask(0o077)
			e.Close(e.Open("a", fresh, 0o666))
		},
		Want: func(e *Env) []Want {
			return []Want{
				created("a", 0o600),
				opened(e, "a", fresh).Mode(regular | 0o600),
				closed("a"),
			}
		},
	}, {
		Name:  "O_TMPFILE, then linkat by /proc/self/fd",
		Kinds: []string{"openat.tmpfile", "linkat", "close"},
		Setup: func(e *Env) {
			fd, err := unix.Open(e.Dir, unix.O_TMPFILE|unix.O_WRONLY, 0o600)
			e.Supports("O_TMPFILE", err)
			e.Close(fd)
		},
		Do: func(e *Env) {
			fd, err := unix.Open(e.Dir, unix.O_TMPFILE|unix.O_WRONLY, 0o600)
			e.Must(err)
			e.NoteFD("tmp", fd)
			n, err := unix.Write(fd, []byte("hello"))
			e.N(n, err, 5)
			e.Must(unix.Linkat(unix.AT_FDCWD, procFD(fd), unix.AT_FDCWD, e.P("b"), unix.AT_SYMLINK_FOLLOW))
			e.Close(fd)
		},
		Want: func(e *Env) []Want {
			const flags = unix.O_TMPFILE | unix.O_WRONLY
			return []Want{
				Rec(uapi.FSCreate, "#*").Glob().Via(uapi.ViaTmpfile).Flags(uapi.FlagUnlinked).Mode(regular | 0o600).Nlink(0).Object("t"),
				Rec(uapi.FSOpen, "#*").Glob().FD(e.FD("tmp")).Asked(flags).Flags(uapi.FlagUnlinked).Nlink(0).Object("t"),
				Rec(uapi.FSWrite, "#*").Glob().Did(0, 5).Flags(uapi.FlagUnlinked).Size(5).Object("t"),
				Rec(uapi.FSHardlink, "#*").Glob().To("b").May(uapi.FlagUnlinked).Nlink(1).Object("t"),
				Rec(uapi.FSClose, "#*").Glob().May(uapi.FlagUnlinked).Nlink(1).Object("t"),
			}
		},
	}, {
		Name:  "O_PATH opens and closes",
		Kinds: []string{"openat.path", "close"},
		Setup: func(e *Env) { e.File("a", "x", 0o644); e.Bind("a", "a") },
		Do:    func(e *Env) { e.Close(e.Open("a", unix.O_PATH, 0)) },
		Want: func(e *Env) []Want {
			return []Want{opened(e, "a", unix.O_PATH).Object("a"), closed("a").Object("a")}
		},
	}}
}
