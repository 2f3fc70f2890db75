// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// linkRows follow symbolic links in calls that leave no descriptor, from which
// the object could be had: a producer that walks the path itself must read the
// links. Where their text is differs: ext4 has that of fewer than 60 bytes in
// the inode and longer ones, as btrfs all, in pages.
func linkRows() []Scenario {
	out := followed("short", "a", "d")
	around := strings.Repeat("d/../", 60)
	for _, s := range followed("long", around+"a", around+"d") {
		s.Kinds = append(s.Kinds, "symlink.long")
		out = append(out, s)
	}
	return out
}

// followed makes rows with a link l to the file a and a link m to the directory
// d, of the given texts. length names them.
func followed(length, toFile, toDir string) []Scenario {
	setup := func(e *Env) {
		e.Mkdir("d")
		e.File("a", "x", 0o644)
		e.File("d/b", "x", 0o644)
		e.Symlink(toFile, "l")
		e.Symlink(toDir, "m")
		e.Bind("a", "a")
		e.Bind("d", "d")
		e.Bind("d/b", "d/b")
	}
	row := func(name string, kinds []string, do func(*Env), want ...Want) Scenario {
		return Scenario{
			Name: name + " by a " + length + " link", Kinds: append(kinds, "symlink"),
			Needs: []Need{needRoot, needMount, needXattr}, Setup: setup, Do: do,
			Want: func(*Env) []Want { return want },
		}
	}
	about := func(t uapi.Type, name string) Want { return Rec(t, name).Object(name) }
	return []Scenario{
		row("stat and access", []string{"newfstatat", "faccessat"}, func(e *Env) {
			e.Must(unix.Fstatat(here, e.P("l"), new(unix.Stat_t), 0))
			e.Must(unix.Fstatat(here, e.P("m/b"), new(unix.Stat_t), unix.AT_SYMLINK_NOFOLLOW))
			e.Must(unix.Faccessat(here, e.P("l"), unix.R_OK, 0))
		}, about(uapi.FSStat, "a"), about(uapi.FSStat, "d/b"), about(uapi.FSAccess, "a")),
		row("chmod, chown and truncate", []string{"fchmodat", "fchownat", "truncate"}, func(e *Env) {
			e.Must(unix.Fchmodat(here, e.P("l"), 0o600, 0))
			e.Must(unix.Fchownat(here, e.P("m/b"), 5, 6, 0))
			e.Must(unix.Truncate(e.P("l"), 3))
		},
			about(uapi.FSChmod, "a").Mode(regular|0o600),
			about(uapi.FSChown, "d/b").Owner(5, 6),
			about(uapi.FSTruncate, "a").Len(3).Size(3)),
		row("names made and removed", []string{"mkdirat", "linkat", "renameat2", "unlinkat"}, func(e *Env) {
			e.Must(unix.Mkdirat(here, e.P("m/e"), 0o755))
			e.Must(unix.Linkat(here, e.P("l"), here, e.P("m/c"), unix.AT_SYMLINK_FOLLOW))
			e.Must(e.rename("m/c", "m/e/c", 0))
			e.Must(unix.Unlinkat(here, e.P("m/e/c"), 0))
		},
			Rec(uapi.FSMkdir, "d/e"),
			about(uapi.FSHardlink, "a").To("d/c").Nlink(2),
			about(uapi.FSRename, "d/c").To("d/e/c").Object("a"),
			deleted("d/e/c", 2).Object("a")),
		row("chdir and statfs", []string{"chdir", "statfs"}, func(e *Env) {
			e.Must(unix.Statfs(e.P("l"), new(unix.Statfs_t)))
			e.Must(unix.Chdir(e.P("m")))
			e.Must(unix.Fstatat(here, "../m/./b", new(unix.Stat_t), 0))
		}, about(uapi.FSStatfs, "a"), about(uapi.FSChdir, "d"), about(uapi.FSStat, "d/b")),
		row("extended attributes", []string{"setxattr", "getxattr"}, func(e *Env) {
			e.Must(unix.Setxattr(e.P("l"), "trusted.vexj", []byte("value"), 0))
			n, err := unix.Getxattr(e.P("m/../l"), "trusted.vexj", make([]byte, 8))
			e.N(n, err, 5)
		},
			about(uapi.FSSetxattr, "a").Name("trusted.vexj").Value("value").Len(5),
			about(uapi.FSGetxattr, "a").Name("trusted.vexj").Len(8).Outcome(5)),
		row("mount and umount", []string{"mount", "umount2"}, func(e *Env) {
			e.Must(unix.Mount("what", e.P("m"), "tmpfs", 0, "size=1m"))
			e.Must(unix.Unmount(e.P("m"), 0))
		},
			Rec(uapi.SysMount, "d").Target("what").AnyKind(),
			Rec(uapi.SysUnmount, "d").AnyKind()),
	}
}
