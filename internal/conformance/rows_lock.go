// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// What a LOCK record has for its command.
const (
	unlocks = iota
	shares
	excludes
)

func lockRows() []Scenario {
	twice := func(e *Env) {
		digits(unix.O_RDWR)(e)
		e.NoteFD("first", int(e.FD("a")))
		e.Held("a", unix.O_RDWR)
	}
	locked := func(kind uint16, command uint32, blocking bool) Want {
		return Rec(uapi.FSLock, "a").Kind(kind).Lock(command, blocking).Object("a")
	}
	posix := func(e *Env, cmd int, kind int16, start, n int64) error {
		return unix.FcntlFlock(uintptr(e.FD("first")), cmd, &unix.Flock_t{Type: kind, Whence: unix.SEEK_SET, Start: start, Len: n})
	}
	return []Scenario{{
		Name: "flock", Kinds: []string{"flock"},
		Setup: twice,
		Do: func(e *Env) {
			first, second := int(e.FD("first")), int(e.FD("a"))
			e.Must(unix.Flock(first, unix.LOCK_SH))
			e.Must(unix.Flock(first, unix.LOCK_EX|unix.LOCK_NB))
			e.Fails(unix.Flock(second, unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
			e.Must(unix.Flock(first, unix.LOCK_UN))
		},
		Want: func(e *Env) []Want {
			return []Want{
				locked(uapi.LockFlock, shares, true),
				locked(uapi.LockFlock, excludes, false),
				Failed(uapi.FSLock, "a", unix.EWOULDBLOCK).Kind(uapi.LockFlock).Lock(excludes, false),
				locked(uapi.LockFlock, unlocks, true),
			}
		},
	}, {
		Name: "fcntl locks", Kinds: []string{"fcntl.lock"},
		Setup: twice,
		Do: func(e *Env) {
			e.Must(posix(e, unix.F_SETLK, unix.F_RDLCK, 0, 5))
			e.Must(posix(e, unix.F_SETLKW, unix.F_WRLCK, 2, 3))
			e.Must(posix(e, unix.F_GETLK, unix.F_WRLCK, 0, 0))
			e.Must(posix(e, unix.F_SETLK, unix.F_UNLCK, 0, 5))
		},
		Want: func(e *Env) []Want {
			return []Want{
				locked(uapi.LockPosix, shares, false).At(0).Len(5),
				locked(uapi.LockPosix, excludes, true).At(2).Len(3),
				locked(uapi.LockPosix, unlocks, false).At(0).Len(5),
			}
		},
	}, {
		Name: "locks of open file descriptions", Kinds: []string{"fcntl.lock"},
		Setup: twice,
		Do: func(e *Env) {
			e.Must(posix(e, unix.F_OFD_SETLK, unix.F_WRLCK, 1, 4))
			err := unix.FcntlFlock(uintptr(e.FD("a")), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: 2, Len: 1})
			e.Fails(err, unix.EAGAIN)
			e.Must(posix(e, unix.F_OFD_SETLKW, unix.F_UNLCK, 1, 4))
		},
		Want: func(e *Env) []Want {
			return []Want{
				locked(uapi.LockOFD, excludes, false).At(1).Len(4),
				Failed(uapi.FSLock, "a", unix.EAGAIN).Kind(uapi.LockOFD).Lock(excludes, false).At(2).Len(1),
				locked(uapi.LockOFD, unlocks, true).At(1).Len(4),
			}
		},
	}}
}
