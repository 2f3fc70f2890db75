// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// descend makes directories below Dir, enters each, and returns the path.
func (e *Env) descend(name string, times int) {
	for range times {
		e.Must(unix.Mkdirat(unix.AT_FDCWD, name, 0o755))
		e.Must(unix.Chdir(name))
	}
}

func below(name string, times int, last string) string {
	return strings.Repeat(name+"/", times) + last
}

// longRows are names and paths that buffers, encodings and loops stumble over.
func longRows() []Scenario {
	const flags = unix.O_CREAT | unix.O_WRONLY
	touch := func(name string) Scenario {
		return Scenario{
			Kinds: []string{"openat", "close"},
			Do:    func(e *Env) { e.Close(e.Open(name, flags, 0o644)) },
			Want: func(e *Env) []Want {
				return []Want{created(name, 0o644).Object("a"), opened(e, name, flags).Object("a"), closed(name).Object("a")}
			},
		}
	}
	named := func(name string, s Scenario) Scenario { s.Name = name; return s }

	// reach makes f in a directory so deep that only chdir leads there.
	reach := func(component string, times int, demand func(Want) Want) Scenario {
		path := below(component, times, "f")
		return Scenario{
			Kinds: []string{"openat", "close"},
			Setup: func(e *Env) { e.descend(component, times) },
			Do: func(e *Env) {
				fd, err := unix.Open("f", flags, 0o644)
				e.Must(err)
				e.NoteFD(path, fd)
				n, err := unix.Write(fd, []byte("abc"))
				e.N(n, err, 3)
				e.Close(fd)
			},
			Want: func(e *Env) []Want {
				return []Want{
					demand(created(path, 0o644)).Object("f"),
					demand(opened(e, path, flags)).Object("f"),
					demand(Rec(uapi.FSWrite, path).Did(0, 3)).Object("f"),
					demand(closed(path)).Object("f"),
				}
			},
		}
	}
	mayCut := func(w Want) Want { return w.MayCut() }
	cut := func(w Want) Want { return w.Flags(uapi.FlagPathTruncated) }

	return []Scenario{
		named("name of 255 bytes", touch(strings.Repeat("n", 255))),
		named("name that is not UTF-8", touch("\xff\xfe\x80name\xc3")),
		named("name of control characters and quotes", touch("\x01a\n\t\r\x1b[31m\"'\\ \x7f")),
		named("name of two dots and more", touch("...")),
		named("path of 40 components", reach("d", 40, func(w Want) Want { return w })),
		named("path of 100 components", reach("d", 100, mayCut)),
		named("path of nearly 4096 bytes", reach(strings.Repeat("n", 240), 15, mayCut)),
		named("path of more than 4096 bytes", reach(strings.Repeat("n", 250), 20, cut)),
		{
			Name:  "rename between long names",
			Kinds: []string{"renameat2"},
			Setup: func(e *Env) { e.File(strings.Repeat("a", 255), "x", 0o644) },
			Do: func(e *Env) {
				e.Must(unix.Renameat(unix.AT_FDCWD, e.P(strings.Repeat("a", 255)), unix.AT_FDCWD, e.P(strings.Repeat("b", 255))))
			},
			Want: func(e *Env) []Want {
				return []Want{Rec(uapi.FSRename, strings.Repeat("a", 255)).To(strings.Repeat("b", 255))}
			},
		},
	}
}
