// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// unchanged is what chown takes for an id that is to stay.
const unchanged = ^uint32(0)

func ownerRows() []Scenario {
	const second = int64(1e9)
	plain := func(e *Env) {
		e.File("a", "0123456789", 0o640)
		e.Symlink("a", "l")
		e.Bind("a", "a")
		e.Bind("l", "l")
		e.Held("a", unix.O_RDWR)
		e.Dirfd(".")
	}
	stamp := func(e *Env, dirfd int, path uintptr, atime, mtime unix.Timespec, flags int) error {
		times := []unix.Timespec{atime, mtime}
		_, err := syscall6(unix.SYS_UTIMENSAT, uintptr(dirfd), path, e.times(times), uintptr(flags), 0, 0)
		return err
	}
	return []Scenario{{
		Name: "fchmodat and fchmod", Kinds: []string{"fchmodat", "fchmod"},
		Setup: plain,
		Do: func(e *Env) {
			e.Must(unix.Fchmodat(unix.AT_FDCWD, e.P("a"), 0o4755, 0))
			e.Must(unix.Fchmod(int(e.FD("a")), 0o400))
			e.Must(unix.Fchmodat(int(e.FD(".")), "a", 0o600, 0))
		},
		Want: func(e *Env) []Want {
			chmod := func(mode uint32) Want { return Rec(uapi.FSChmod, "a").Mode(regular | mode).Size(10).Object("a") }
			return []Want{chmod(0o4755), chmod(0o400), chmod(0o600)}
		},
	}, {
		Name: "fchownat and fchown", Kinds: []string{"fchownat", "fchown"},
		Needs: []Need{needRoot},
		Setup: func(e *Env) { plain(e); e.Must(unix.Chmod(e.P("a"), 0o4755)) },
		Do: func(e *Env) {
			e.Must(unix.Fchownat(unix.AT_FDCWD, e.P("a"), 1234, 2345, 0))
			e.Must(unix.Fchown(int(e.FD("a")), -1, 99))
			e.Must(unix.Fchownat(unix.AT_FDCWD, e.P("l"), 7, 8, unix.AT_SYMLINK_NOFOLLOW))
		},
		Want: func(e *Env) []Want {
			return []Want{
				// The kernel takes set-user-ID away.
				Rec(uapi.FSChown, "a").Owner(1234, 2345).Mode(regular | 0o755).Object("a"),
				Rec(uapi.FSChown, "a").Owner(unchanged, 99).Object("a"),
				Rec(uapi.FSChown, "l").Owner(7, 8).Mode(unix.S_IFLNK | 0o777).Object("l"),
			}
		},
	}, {
		Name: "utimensat by path, by descriptor and of a link", Kinds: []string{"utimensat"},
		Setup: plain,
		Do: func(e *Env) {
			at := unix.NsecToTimespec
			e.Must(stamp(e, unix.AT_FDCWD, e.cstr(e.P("a")), at(1000*second), at(2000*second), 0))
			e.Must(stamp(e, int(e.FD("a")), 0, unix.Timespec{Nsec: unix.UTIME_OMIT}, at(3000*second), 0))
			e.Must(stamp(e, int(e.FD(".")), e.cstr("l"), at(5*second), at(6*second), unix.AT_SYMLINK_NOFOLLOW))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSUtimes, "a").Times(1000*second, 2000*second).Object("a"),
				Rec(uapi.FSUtimes, "a").Times(1000*second, 3000*second).Object("a"),
				Rec(uapi.FSUtimes, "l").Times(5*second, 6*second).Object("l"),
			}
		},
	}, {
		Name: "utimensat to the present", Kinds: []string{"utimensat"},
		Setup: plain,
		Do: func(e *Env) {
			_, err := syscall6(unix.SYS_UTIMENSAT, uintptr(e.FD("a")), 0, 0, 0, 0, 0)
			e.Must(err)
		},
		Want: func(e *Env) []Want { return []Want{Rec(uapi.FSUtimes, "a").Object("a")} },
	}, {
		Name: "chmod and chown that fail", Kinds: []string{"fchmodat", "fchownat", "utimensat"},
		Needs: []Need{needRoot},
		Setup: plain,
		Do: func(e *Env) {
			e.Fails(unix.Fchmodat(unix.AT_FDCWD, e.P("none"), 0o600, 0), unix.ENOENT)
			e.Fails(unix.Fchownat(unix.AT_FDCWD, e.P("a/b"), 1, 1, 0), unix.ENOTDIR)
			e.asNobody(func() {
				e.Fails(unix.Fchmodat(unix.AT_FDCWD, "a", 0o600, 0), unix.EPERM)
			})
		},
		Want: func(e *Env) []Want {
			return []Want{
				Failed(uapi.FSChmod, "none", unix.ENOENT),
				Failed(uapi.FSChown, "a/b", unix.ENOTDIR).Owner(1, 1),
				Failed(uapi.FSChmod, "a", unix.EPERM).UID(nobody),
			}
		},
	}}
}

// nobody is an id without rights.
const nobody = 65534

// asNobody runs f as a thread without rights to files. What leads to Dir may be
// closed to it, so f has relative paths.
func (e *Env) asNobody(f func()) {
	// setfsuid takes the capabilities that override permissions with it.
	_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, nobody, 0, 0)
	defer func() { _, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, 0, 0, 0) }()
	f()
}
