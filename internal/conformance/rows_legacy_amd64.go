// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// legacyRows make the calls without a directory descriptor, which newer
// architectures do not have.
func legacyRows() []Scenario {
	path1 := func(e *Env, trap uintptr, name string, rest ...uintptr) (int, error) {
		rest = append(rest, 0, 0)
		return syscall3(trap, e.cstr(e.P(name)), rest[0], rest[1])
	}
	path2 := func(e *Env, trap uintptr, from, to string) error {
		_, err := syscall3(trap, e.cstr(from), e.cstr(e.P(to)), 0)
		return err
	}
	must := func(e *Env, trap uintptr, name string, rest ...uintptr) int {
		n, err := path1(e, trap, name, rest...)
		e.Must(err)
		return n
	}
	return []Scenario{{
		Name: "open and creat", Kinds: []string{"open", "creat"},
		Do: func(e *Env) {
			e.Close(e.NoteFD("a", must(e, unix.SYS_OPEN, "a", unix.O_CREAT|unix.O_RDWR, 0o600)))
			e.Close(e.NoteFD("b", must(e, unix.SYS_CREAT, "b", 0o640)))
			e.Close(e.NoteFD("b again", must(e, unix.SYS_CREAT, "b", 0o644)))
		},
		Want: func(e *Env) []Want {
			const creat = unix.O_CREAT | unix.O_WRONLY | unix.O_TRUNC
			return []Want{
				created("a", 0o600), opened(e, "a", unix.O_CREAT|unix.O_RDWR), closed("a"),
				created("b", 0o640), opened(e, "b", creat), closed("b"),
				Rec(uapi.FSTruncate, "b").Via(uapi.ViaOpen).Len(0).Size(0),
				Rec(uapi.FSOpen, "b").FD(e.FD("b again")).Asked(creat).Mode(regular | 0o640), closed("b"),
			}
		},
	}, {
		Name:  "mkdir, mknod, symlink, link, rename, unlink, rmdir",
		Kinds: []string{"mkdir", "rmdir", "mknod", "symlink", "link", "rename", "unlink"},
		Do: func(e *Env) {
			must(e, unix.SYS_MKDIR, "d", 0o700)
			must(e, unix.SYS_MKNOD, "p", unix.S_IFIFO|0o600, 0)
			e.Must(path2(e, unix.SYS_SYMLINK, "p", "l"))
			e.Must(path2(e, unix.SYS_LINK, e.P("p"), "q"))
			e.Must(path2(e, unix.SYS_RENAME, e.P("q"), "r"))
			must(e, unix.SYS_UNLINK, "r")
			// Last, as its number may then be given to what comes after it.
			must(e, unix.SYS_RMDIR, "d")
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSMkdir, "d").Mode(directory | 0o700).Object("d"),
				Rec(uapi.FSMknod, "p").Mode(unix.S_IFIFO | 0o600).Object("p"),
				Rec(uapi.FSSymlink, "l").Target("p").Object("l"),
				Rec(uapi.FSHardlink, "p").To("q").Nlink(2).Object("p"),
				Rec(uapi.FSRename, "q").To("r").Object("p"),
				deleted("r", 2).Object("p"),
				Rec(uapi.FSRmdir, "d").May(uapi.FlagUnlinked).Object("d"),
			}
		},
	}, {
		Name: "chmod, chown, lchown, utime, utimes, futimesat", Kinds: []string{"chmod", "chown", "lchown", "utime", "utimes", "futimesat"},
		Needs: []Need{needRoot},
		Setup: func(e *Env) { e.File("a", "x", 0o600); e.Symlink("a", "l"); e.Bind("a", "a"); e.Bind("l", "l") },
		Do: func(e *Env) {
			must(e, unix.SYS_CHMOD, "a", 0o644)
			must(e, unix.SYS_CHOWN, "a", 11, 12)
			must(e, unix.SYS_LCHOWN, "l", 13, 14)
			must(e, unix.SYS_UTIME, "a", e.words(100, 200))
			must(e, unix.SYS_UTIMES, "a", e.words(300, 1, 400, 2))
			_, err := syscall3(unix.SYS_FUTIMESAT, at64(here), e.cstr(e.P("a")), e.words(500, 0, 600, 0))
			e.Must(err)
		},
		Want: func(e *Env) []Want {
			const s = int64(1e9)
			return []Want{
				Rec(uapi.FSChmod, "a").Mode(regular | 0o644).Object("a"),
				Rec(uapi.FSChown, "a").Owner(11, 12).Object("a"),
				Rec(uapi.FSChown, "l").Owner(13, 14).Object("l"),
				Rec(uapi.FSUtimes, "a").Times(100*s, 200*s).Object("a"),
				Rec(uapi.FSUtimes, "a").Times(300*s+1000, 400*s+2000).Object("a"),
				Rec(uapi.FSUtimes, "a").Times(500*s, 600*s).Object("a"),
			}
		},
	}, {
		Name: "stat, lstat, access, readlink, getdents", Kinds: []string{"stat", "lstat", "access", "readlink", "getdents"},
		Setup: func(e *Env) { e.File("a", "x", 0o600); e.Symlink("a", "l"); e.Mkdir("d"); e.Dirfd("d") },
		Do: func(e *Env) {
			buf := e.ptr(make([]byte, 4096))
			must(e, unix.SYS_STAT, "a", buf)
			must(e, unix.SYS_LSTAT, "l", buf)
			must(e, unix.SYS_ACCESS, "a", unix.W_OK)
			must(e, unix.SYS_READLINK, "l", buf, 4096)
			n, err := syscall3(unix.SYS_GETDENTS, uintptr(e.FD("d")), buf, 4096)
			e.Must(err)
			e.Note("n", int64(n))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSStat, "a").Mode(regular | 0o600),
				Rec(uapi.FSStat, "l").Mode(unix.S_IFLNK | 0o777),
				Rec(uapi.FSAccess, "a"),
				Rec(uapi.FSReadlink, "l").Outcome(1),
				Rec(uapi.FSReaddir, "d").Len(4096).Outcome(e.Fact("n")),
			}
		},
	}, {
		Name: "dup2 closes what it replaces", Kinds: []string{"dup2"},
		Setup: func(e *Env) { digits(unix.O_RDONLY)(e); e.File("b", "x", 0o644); e.Held("b", unix.O_RDONLY) },
		Do: func(e *Env) {
			_, err := syscall3(unix.SYS_DUP2, uintptr(e.FD("a")), uintptr(e.FD("b")), 0)
			e.Must(err)
			_, err = syscall3(unix.SYS_DUP2, uintptr(e.FD("a")), uintptr(e.FD("a")), 0) // onto itself: nothing
			e.Must(err)
		},
		Want: func(e *Env) []Want { return []Want{closed("b").Object("b")} },
	}}
}

// words is ptr of machine words.
func (e *Env) words(values ...uint64) uintptr {
	b := make([]byte, 0, 8*len(values))
	for _, v := range values {
		for i := range 8 {
			b = append(b, byte(v>>(8*i)))
		}
	}
	return e.ptr(b)
}

// at64 is a directory descriptor as an argument.
func at64(dirfd int) uintptr { return uintptr(dirfd) }
