// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func renameEdgeRows() []Scenario {
	return []Scenario{{
		Name: "rename onto another name of the same file", Kinds: []string{"renameat2"},
		Setup: func(e *Env) {
			e.File("a", "x", 0o600)
			e.Bind("a", "a")
			e.Must(unix.Linkat(unix.AT_FDCWD, e.P("a"), unix.AT_FDCWD, e.P("b"), 0))
		},
		Do: func(e *Env) { e.Must(e.rename("a", "b", 0)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSRename, "a").To("b").Nlink(2).Object("a")}
		},
	}, {
		Name: "rename of a symbolic link moves the link", Kinds: []string{"renameat2"},
		Setup: func(e *Env) { e.File("a", "x", 0o600); e.Symlink("a", "l"); e.Bind("l", "l") },
		Do:    func(e *Env) { e.Must(e.rename("l", "m", 0)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSRename, "l").To("m").Mode(unix.S_IFLNK | 0o777).Object("l")}
		},
	}, {
		Name: "an open file that was renamed has its new path", Kinds: []string{"renameat2", "write", "close"},
		Setup: digits(unix.O_WRONLY),
		Do: func(e *Env) {
			e.Must(e.rename("a", "b", 0))
			n, err := unix.Write(int(e.FD("a")), []byte("xy"))
			e.N(n, err, 2)
			e.Close(int(e.FD("a")))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSRename, "a").To("b").Object("a"),
				Rec(uapi.FSWrite, "b").Did(0, 2).Object("a"),
				closed("b").Object("a"),
			}
		},
	}, {
		Name: "rename there and back", Kinds: []string{"renameat2"},
		Setup: fileAndTarget,
		Do: func(e *Env) {
			e.Must(e.rename("a", "t", 0))
			e.Must(e.rename("b", "a", 0))
			e.Must(e.rename("t", "b", 0))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSRename, "a").To("t").Object("a"),
				Rec(uapi.FSRename, "b").To("a").Object("b"),
				Rec(uapi.FSRename, "t").To("b").Object("a"),
			}
		},
	}, {
		Name: "rename that fails", Kinds: []string{"renameat2"},
		Setup: func(e *Env) {
			e.Mkdir("d", "f", "f/g")
			e.File("a", "x", 0o600)
		},
		Do: func(e *Env) {
			e.Fails(e.rename("none", "b", 0), unix.ENOENT)
			e.Fails(e.rename("a", "none/b", 0), unix.ENOENT)
			e.FailsEither("full", e.rename("d", "f", 0), unix.ENOTEMPTY, unix.EEXIST) // EEXIST: xfs
			e.Fails(e.rename("a", "d", 0), unix.EISDIR)
			e.Fails(e.rename("d", "a", 0), unix.ENOTDIR)
			e.Fails(e.rename("f", "f/g/h", 0), unix.EINVAL)
			e.Fails(e.rename("a", "b", unix.RENAME_EXCHANGE), unix.ENOENT)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Failed(uapi.FSRename, "none", unix.ENOENT).To("b"),
				Failed(uapi.FSRename, "a", unix.ENOENT).To("none/b"),
				Rec(uapi.FSRename, "d").To("f").Outcome(e.Fact("full")),
				Failed(uapi.FSRename, "a", unix.EISDIR).To("d"),
				Failed(uapi.FSRename, "d", unix.ENOTDIR).To("a"),
				Failed(uapi.FSRename, "f", unix.EINVAL).To("f/g/h"),
				Failed(uapi.FSRename, "a", unix.ENOENT).To("b").Kind(unix.RENAME_EXCHANGE),
			}
		},
	}}
}
