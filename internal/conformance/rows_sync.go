// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func syncRows() []Scenario {
	synced := func(kind uint16) Want { return Rec(uapi.FSFsync, "a").Kind(kind).Object("a") }
	ofSync := func(e *Env, r uapi.Record) bool { return r.Type() == uapi.SysSync }
	return []Scenario{{
		Name: "fsync, fdatasync and sync_file_range", Kinds: []string{"fsync", "fdatasync", "sync_file_range"},
		Setup: digits(unix.O_RDWR),
		Do: func(e *Env) {
			fd := int(e.FD("a"))
			e.Must(unix.Fsync(fd))
			e.Must(unix.Fdatasync(fd))
			e.Must(unix.SyncFileRange(fd, 2, 5, unix.SYNC_FILE_RANGE_WRITE))
		},
		Want: func(e *Env) []Want {
			return []Want{
				synced(uapi.FsyncAll),
				synced(uapi.FsyncData),
				synced(uapi.FsyncRange).At(2).Len(5),
			}
		},
	}, {
		Name: "fsync of a directory and of a fifo", Kinds: []string{"fsync"},
		Setup: func(e *Env) {
			e.Mkdir("d")
			e.Dirfd("d")
			e.Must(unix.Mkfifo(e.P("p"), 0o600))
			e.Held("p", unix.O_RDWR)
		},
		Do: func(e *Env) {
			e.Must(unix.Fsync(int(e.FD("d"))))
			e.Fails(unix.Fsync(int(e.FD("p"))), unix.EINVAL)
		},
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSFsync, "d"), Failed(uapi.FSFsync, "p", unix.EINVAL)}
		},
	}, {
		Name: "syncfs", Kinds: []string{"syncfs"},
		Setup:    digits(unix.O_RDWR),
		Do:       func(e *Env) { e.Must(unix.Syncfs(int(e.FD("a")))) },
		Want:     func(e *Env) []Want { return []Want{Rec(uapi.SysSync, "").AnyPath()} },
		Declares: ofSync,
	}, {
		Name: "sync", Kinds: []string{"sync"},
		Do:       func(e *Env) { unix.Sync() },
		Want:     func(e *Env) []Want { return []Want{Rec(uapi.SysSync, "")} },
		Declares: ofSync,
	}}
}
