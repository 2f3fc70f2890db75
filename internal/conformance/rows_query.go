// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// queryRows look and change nothing.
func queryRows() []Scenario {
	setup := func(e *Env) {
		e.File("a", "0123456789", 0o640)
		e.Symlink("a", "l")
		e.Bind("a", "a")
		e.Bind("l", "l")
		e.Held("a", unix.O_RDONLY)
		e.Dirfd(".")
	}
	asked := func(t uapi.Type, name string) Want { return Rec(t, name).Object(name) }
	return []Scenario{{
		Name: "stat, lstat and fstat", Kinds: []string{"newfstatat", "fstat"},
		Setup: setup,
		Do: func(e *Env) {
			var st unix.Stat_t
			e.Must(unix.Fstatat(unix.AT_FDCWD, e.P("a"), &st, 0))
			e.Must(unix.Fstatat(unix.AT_FDCWD, e.P("l"), &st, unix.AT_SYMLINK_NOFOLLOW))
			e.Must(unix.Fstat(int(e.FD("a")), &st))
			e.Must(unix.Fstatat(int(e.FD("a")), "", &st, unix.AT_EMPTY_PATH))
			e.Must(unix.Fstatat(int(e.FD(".")), "a", &st, 0))
		},
		Want: func(e *Env) []Want {
			return []Want{
				asked(uapi.FSStat, "a").Size(10).Mode(regular | 0o640).Nlink(1),
				asked(uapi.FSStat, "l").Size(1).Mode(unix.S_IFLNK | 0o777),
				asked(uapi.FSStat, "a"),
				asked(uapi.FSStat, "a"),
				asked(uapi.FSStat, "a"),
			}
		},
	}, {
		Name: "statx", Kinds: []string{"statx"},
		Setup: setup,
		Do: func(e *Env) {
			var stx unix.Statx_t
			e.Must(unix.Statx(unix.AT_FDCWD, e.P("a"), 0, unix.STATX_BASIC_STATS, &stx))
			e.Must(unix.Statx(int(e.FD("a")), "", unix.AT_EMPTY_PATH, unix.STATX_SIZE, &stx))
		},
		Want: func(e *Env) []Want { return []Want{asked(uapi.FSStat, "a"), asked(uapi.FSStat, "a")} },
	}, {
		Name: "faccessat and faccessat2", Kinds: []string{"faccessat", "faccessat2"},
		Setup: setup,
		Do: func(e *Env) {
			e.Must(unix.Faccessat(unix.AT_FDCWD, e.P("a"), unix.R_OK, 0))
			e.Must(unix.Faccessat2(unix.AT_FDCWD, e.P("l"), unix.F_OK, unix.AT_SYMLINK_NOFOLLOW))
			e.Fails(unix.Faccessat(unix.AT_FDCWD, e.P("a"), unix.X_OK, 0), unix.EACCES)
		},
		Want: func(e *Env) []Want {
			return []Want{
				asked(uapi.FSAccess, "a"),
				asked(uapi.FSAccess, "l"),
				Failed(uapi.FSAccess, "a", unix.EACCES),
			}
		},
	}, {
		Name: "statfs and fstatfs", Kinds: []string{"statfs", "fstatfs"},
		Setup: setup,
		Do: func(e *Env) {
			var fs unix.Statfs_t
			e.Must(unix.Statfs(e.P("a"), &fs))
			e.Must(unix.Fstatfs(int(e.FD(".")), &fs))
		},
		Want: func(e *Env) []Want { return []Want{asked(uapi.FSStatfs, "a"), Rec(uapi.FSStatfs, ".")} },
	}, {
		Name: "queries that fail", Kinds: []string{"newfstatat", "statx", "faccessat", "readlinkat", "statfs", "chdir"},
		Setup: setup,
		Do: func(e *Env) {
			e.Fails(unix.Fstatat(unix.AT_FDCWD, e.P("none"), new(unix.Stat_t), 0), unix.ENOENT)
			e.Fails(unix.Statx(unix.AT_FDCWD, e.P("a/b"), 0, unix.STATX_SIZE, new(unix.Statx_t)), unix.ENOTDIR)
			e.Fails(unix.Faccessat(unix.AT_FDCWD, e.P("none"), unix.F_OK, 0), unix.ENOENT)
			_, err := unix.Readlinkat(unix.AT_FDCWD, e.P("a"), make([]byte, 64))
			e.Fails(err, unix.EINVAL)
			e.Fails(unix.Statfs(e.P("none/deeper"), new(unix.Statfs_t)), unix.ENOENT)
			e.Fails(unix.Chdir(e.P("a")), unix.ENOTDIR)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Failed(uapi.FSStat, "none", unix.ENOENT),
				Failed(uapi.FSStat, "a/b", unix.ENOTDIR),
				Failed(uapi.FSAccess, "none", unix.ENOENT),
				Failed(uapi.FSReadlink, "a", unix.EINVAL),
				Failed(uapi.FSStatfs, "none/deeper", unix.ENOENT),
				Failed(uapi.FSChdir, "a", unix.ENOTDIR),
			}
		},
	}, {
		Name: "ioctl that changes a file's flags", Kinds: []string{"ioctl.setflags"},
		Needs: []Need{needRoot},
		Setup: func(e *Env) {
			setup(e)
			flags, err := unix.IoctlGetUint32(int(e.FD("a")), unix.FS_IOC_GETFLAGS)
			if err == unix.ENOTTY {
				e.Unmet("the filesystem has no file flags")
			}
			e.Must(err)
			e.Note("flags", int64(flags))
		},
		Do: func(e *Env) {
			const noatime = 0x80
			fd := int(e.FD("a"))
			_, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
			e.Must(err)
			e.Must(unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, int(e.Fact("flags"))|noatime))
		},
		Want: func(e *Env) []Want { return []Want{asked(uapi.FSIoctl, "a").AnyKind()} },
	}}
}
