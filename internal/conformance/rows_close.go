// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"
)

// high is a descriptor well above those that are in use.
const high = 200

func closeRows() []Scenario {
	duplicate := func(e *Env, at int) int {
		fd, err := unix.FcntlInt(uintptr(e.FD("a")), unix.F_DUPFD_CLOEXEC, at)
		e.Must(err)
		return fd
	}
	return []Scenario{{
		Name: "dup, and close of both", Kinds: []string{"close"},
		Setup: digits(unix.O_RDONLY),
		Do: func(e *Env) {
			fd, err := unix.Dup(int(e.FD("a")))
			e.Must(err)
			e.Close(int(e.FD("a")))
			e.Close(fd)
		},
		Want: func(e *Env) []Want {
			return []Want{closed("a").Size(10).Object("a"), closed("a").Size(10).Object("a")}
		},
	}, {
		Name: "dup2 and dup3 close what they replace", Kinds: []string{"dup3"},
		Setup: func(e *Env) { digits(unix.O_RDONLY)(e); e.File("b", "x", 0o644); e.Held("b", unix.O_RDONLY) },
		Do: func(e *Env) {
			fd := duplicate(e, high) // of a
			e.Must(unix.Dup3(int(e.FD("b")), fd, 0))
			e.Close(fd)
		},
		Want: func(e *Env) []Want { return []Want{closed("a").Object("a"), closed("b").Object("b")} },
	}, {
		Name: "close_range", Kinds: []string{"close_range"},
		Setup: func(e *Env) {
			digits(unix.O_RDONLY)(e)
			e.Supports("close_range", unix.CloseRange(high+10, high+20, 0))
		},
		Do: func(e *Env) {
			for i := range 3 {
				duplicate(e, high+2*i)
			}
			e.Must(unix.CloseRange(high, high+3, 0))
			e.Close(high + 4)
		},
		Want: func(e *Env) []Want {
			return []Want{closed("a").Object("a"), closed("a").Object("a"), closed("a").Object("a")}
		},
	}, {
		Name: "close of a descriptor that is not open", Kinds: []string{"close"},
		Do:   func(e *Env) { e.Fails(unix.Close(high), unix.EBADF) },
		Want: func(e *Env) []Want { return nil },
	}}
}
