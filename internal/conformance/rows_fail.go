// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// attempt is an operation that must fail, and the record of it.
type attempt struct {
	do   func(*Env) error
	want unix.Errno
	rec  Want
}

// failing makes a row of attempts.
func failing(name string, kinds []string, setup func(*Env), attempts ...attempt) Scenario {
	return Scenario{
		Name: name, Kinds: kinds, Setup: setup,
		Do: func(e *Env) {
			for _, a := range attempts {
				e.Fails(a.do(e), a.want)
			}
		},
		Want: func(e *Env) []Want {
			var out []Want
			for _, a := range attempts {
				out = append(out, a.rec.Outcome(-int64(a.want)))
			}
			return out
		},
	}
}

func failsToOpen(name string, flags int, errno unix.Errno) attempt {
	return attempt{
		func(e *Env) error {
			_, err := unix.Open(e.P(name), flags, 0o600)
			return err
		},
		errno, Rec(uapi.FSOpen, name).Asked(flags).set("open.fd", -1),
	}
}

// failRows are opens that fail, each for another reason.
func failRows() []Scenario {
	long := strings.Repeat("n", 256)
	open := []string{"openat"}
	plain := func(e *Env) {
		e.Mkdir("d", "d/e")
		e.File("a", "0123456789", 0o600)
		e.Symlink("loop", "loop")
	}
	return []Scenario{
		failing("open: ENOENT", open, plain,
			failsToOpen("none", unix.O_RDONLY, unix.ENOENT),
			failsToOpen("none/deeper", unix.O_CREAT|unix.O_WRONLY, unix.ENOENT)),
		failing("open: EEXIST", open, plain,
			failsToOpen("a", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, unix.EEXIST),
			failsToOpen("loop", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, unix.EEXIST)),
		failing("open: ENOTDIR", open, plain,
			failsToOpen("a/b", unix.O_RDONLY, unix.ENOTDIR),
			failsToOpen("a", unix.O_RDONLY|unix.O_DIRECTORY, unix.ENOTDIR)),
		failing("open: EISDIR", open, plain,
			failsToOpen("d", unix.O_WRONLY, unix.EISDIR),
			failsToOpen("d", unix.O_RDWR|unix.O_TRUNC, unix.EISDIR),
			failsToOpen("d", unix.O_CREAT, unix.EISDIR)),
		failing("open: ELOOP", open, plain, failsToOpen("loop", unix.O_RDONLY, unix.ELOOP)),
		failing("open: ENAMETOOLONG", open, plain, failsToOpen(long, unix.O_CREAT|unix.O_WRONLY, unix.ENAMETOOLONG)),
		failing("open: ENXIO", open, func(e *Env) { e.Must(unix.Mkfifo(e.P("p"), 0o600)) },
			failsToOpen("p", unix.O_WRONLY|unix.O_NONBLOCK, unix.ENXIO)),
		{
			Name: "open: EACCES", Kinds: open, Needs: []Need{needRoot}, Setup: plain,
			Do: func(e *Env) {
				e.asNobody(func() {
					_, err := unix.Open("a", unix.O_RDONLY, 0)
					e.Fails(err, unix.EACCES)
					_, err = unix.Open("new", unix.O_CREAT|unix.O_WRONLY, 0o600)
					e.Fails(err, unix.EACCES)
				})
			},
			Want: func(e *Env) []Want {
				return []Want{
					Failed(uapi.FSOpen, "a", unix.EACCES).UID(nobody),
					Failed(uapi.FSOpen, "new", unix.EACCES).UID(nobody),
				}
			},
		},
	}
}
