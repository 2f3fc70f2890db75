// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// rename is renameat2 of names in Dir; flags 0 is renameat.
func (e *Env) rename(from, to string, flags uint) error {
	return unix.Renameat2(unix.AT_FDCWD, e.P(from), unix.AT_FDCWD, e.P(to), flags)
}

// fileAndTarget has a, one byte, and b, ten bytes, in Dir.
func fileAndTarget(e *Env) {
	e.File("a", "x", 0o600)
	e.File("b", "0123456789", 0o644)
	e.Bind("a", "a")
	e.Bind("b", "b")
	e.Bind("dir", "")
}

func renameRows() []Scenario {
	return []Scenario{{
		Name: "rename", Kinds: []string{"renameat2"},
		Setup: func(e *Env) { e.File("a", "x", 0o600); e.Bind("a", "a"); e.Bind("dir", "") },
		Do:    func(e *Env) { e.Must(e.rename("a", "b", 0)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSRename, "a").To("b").Mode(regular|0o600).Size(1).Nlink(1).Object("a").Dirs("dir", "dir")}
		},
	}, {
		Name: "rename into another directory", Kinds: []string{"renameat2"},
		Setup: func(e *Env) {
			e.Mkdir("d", "f")
			e.File("d/a", "x", 0o600)
			e.Bind("d", "d")
			e.Bind("f", "f")
			e.Bind("a", "d/a")
			e.Dirfd("d")
			e.Dirfd("f")
		},
		Do: func(e *Env) { e.Must(unix.Renameat(int(e.FD("d")), "a", int(e.FD("f")), "b")) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSRename, "d/a").To("f/b").Object("a").Dirs("d", "f")}
		},
	}, {
		Name: "rename over an existing file", Kinds: []string{"renameat2"},
		Setup: fileAndTarget,
		Do:    func(e *Env) { e.Must(e.rename("a", "b", 0)) },
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSRename, "a").To("b").Size(1).Object("a").Dirs("dir", "dir"),
				Rec(uapi.FSDelete, "b").Via(uapi.ViaRename).May(uapi.FlagUnlinked).Size(10).Nlink(1).Object("b").CausedBy(1),
			}
		},
	}, {
		Name: "rename over one of two names", Kinds: []string{"renameat2"},
		Setup: func(e *Env) {
			fileAndTarget(e)
			e.Must(unix.Linkat(unix.AT_FDCWD, e.P("b"), unix.AT_FDCWD, e.P("c"), 0))
		},
		Do: func(e *Env) { e.Must(e.rename("a", "b", 0)) },
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSRename, "a").To("b").Object("a"),
				Rec(uapi.FSDelete, "b").Via(uapi.ViaRename).Nlink(2).Object("b").CausedBy(1),
			}
		},
	}, {
		Name: "rename with NOREPLACE", Kinds: []string{"renameat2"},
		Setup: fileAndTarget,
		Do: func(e *Env) {
			e.Fails(e.rename("a", "b", unix.RENAME_NOREPLACE), unix.EEXIST)
			e.Must(e.rename("a", "c", unix.RENAME_NOREPLACE))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Failed(uapi.FSRename, "a", unix.EEXIST).To("b").Kind(unix.RENAME_NOREPLACE),
				Rec(uapi.FSRename, "a").To("c").Kind(unix.RENAME_NOREPLACE).Object("a"),
			}
		},
	}, {
		Name: "rename with EXCHANGE", Kinds: []string{"renameat2"},
		Setup: fileAndTarget,
		Do: func(e *Env) {
			err := e.rename("a", "b", unix.RENAME_EXCHANGE)
			e.Must(err)
		},
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSRename, "a").To("b").Kind(unix.RENAME_EXCHANGE).
				Size(1).Object("a").Object2("b").Dirs("dir", "dir")}
		},
	}, {
		Name: "rename with WHITEOUT", Kinds: []string{"renameat2"},
		Needs: []Need{needRoot},
		Setup: func(e *Env) {
			e.File("probe", "x", 0o600)
			e.Supports("RENAME_WHITEOUT", e.rename("probe", "probed", unix.RENAME_WHITEOUT))
			e.File("a", "x", 0o600)
			e.Bind("a", "a")
		},
		Do: func(e *Env) { e.Must(e.rename("a", "b", unix.RENAME_WHITEOUT)) },
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSRename, "a").To("b").Kind(unix.RENAME_WHITEOUT).Mode(regular | 0o600).Object("a")}
		},
	}, {
		Name: "rename of a directory", Kinds: []string{"renameat2", "mkdirat"},
		Setup: func(e *Env) { e.Mkdir("d", "d/e"); e.Bind("d", "d") },
		Do: func(e *Env) {
			e.Must(e.rename("d", "f", 0))
			e.Must(unix.Mkdirat(unix.AT_FDCWD, e.P("f/e/g"), 0o755))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSRename, "d").To("f").Mode(directory | 0o755).Object("d"),
				Rec(uapi.FSMkdir, "f/e/g"),
			}
		},
	}, {
		Name: "rename of a directory over an empty one", Kinds: []string{"renameat2"},
		Setup: func(e *Env) { e.Mkdir("d", "d/e", "f"); e.Bind("d", "d"); e.Bind("f", "f") },
		Do:    func(e *Env) { e.Must(e.rename("d", "f", 0)) },
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSRename, "d").To("f").Object("d"),
				Rec(uapi.FSRmdir, "f").Via(uapi.ViaRename).May(uapi.FlagUnlinked).Mode(directory | 0o755).Object("f").CausedBy(1),
			}
		},
	}}
}
