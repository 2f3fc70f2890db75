// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func nodeRows() []Scenario {
	return []Scenario{{
		Name: "mknodat of a fifo", Kinds: []string{"mknodat"},
		Do: func(e *Env) { e.Must(unix.Mknodat(unix.AT_FDCWD, e.P("p"), unix.S_IFIFO|0o620, 0)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSMknod, "p").Mode(unix.S_IFIFO | 0o600).Object("p")}
		},
	}, {
		Name: "mknodat of a socket", Kinds: []string{"mknodat"},
		Do: func(e *Env) { e.Must(unix.Mknodat(unix.AT_FDCWD, e.P("s"), unix.S_IFSOCK|0o700, 0)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSMknod, "s").Mode(unix.S_IFSOCK | 0o700).Object("s")}
		},
	}, {
		Name: "mknodat of a device", Kinds: []string{"mknodat"},
		Needs: []Need{needRoot},
		Do: func(e *Env) {
			e.Must(unix.Mknodat(unix.AT_FDCWD, e.P("c"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))))
			e.Must(unix.Mknodat(unix.AT_FDCWD, e.P("b"), unix.S_IFBLK|0o600, int(unix.Mkdev(259, 300))))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSMknod, "c").Mode(unix.S_IFCHR|0o600).Rdev(1, 5).Object("c"),
				Rec(uapi.FSMknod, "b").Mode(unix.S_IFBLK|0o600).Rdev(259, 300).Object("b"),
			}
		},
	}, {
		Name: "mknodat of a regular file creates", Kinds: []string{"mknodat"},
		Do: func(e *Env) { e.Must(unix.Mknodat(unix.AT_FDCWD, e.P("a"), unix.S_IFREG|0o640, 0)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSCreate, "a").Mode(regular | 0o640).Size(0).Nlink(1).Object("a")}
		},
	}, {
		Name: "bind of a unix socket", Kinds: []string{"bind"},
		Setup: func(e *Env) {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			e.Must(err)
			e.NoteFD("socket", fd)
		},
		Do: func(e *Env) {
			fd := int(e.FD("socket"))
			e.Must(unix.Bind(fd, &unix.SockaddrUnix{Name: "s"}))
			e.Fails(unix.Bind(fd, &unix.SockaddrUnix{Name: "s"}), unix.EADDRINUSE)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSMknod, "s").Mode(unix.S_IFSOCK | 0o755).Object("s"),
				Failed(uapi.FSMknod, "s", unix.EADDRINUSE),
			}
		},
	}}
}
