// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// failNameRows fail to make and remove names.
func failNameRows() []Scenario {
	plain := func(e *Env) {
		e.Mkdir("d", "d/e")
		e.File("a", "x", 0o600)
	}
	unlink := func(name string, flags int, errno unix.Errno) attempt {
		t := uapi.FSDelete
		if flags&unix.AT_REMOVEDIR != 0 {
			t = uapi.FSRmdir
		}
		return attempt{func(e *Env) error { return unix.Unlinkat(here, e.P(name), flags) }, errno, Rec(t, name)}
	}
	mkdir := func(name string, errno unix.Errno) attempt {
		return attempt{func(e *Env) error { return unix.Mkdirat(here, e.P(name), 0o755) }, errno, Rec(uapi.FSMkdir, name)}
	}
	return []Scenario{
		failing("unlink and rmdir that fail", []string{"unlinkat"}, plain,
			unlink("none", 0, unix.ENOENT),
			unlink("d", 0, unix.EISDIR),
			unlink("a/b", 0, unix.ENOTDIR),
			unlink("d", unix.AT_REMOVEDIR, unix.ENOTEMPTY),
			unlink("a", unix.AT_REMOVEDIR, unix.ENOTDIR),
			unlink("none", unix.AT_REMOVEDIR, unix.ENOENT)),
		failing("mkdir that fails", []string{"mkdirat"}, plain,
			mkdir("d", unix.EEXIST),
			mkdir("a", unix.EEXIST),
			mkdir("none/deeper", unix.ENOENT),
			mkdir("a/b", unix.ENOTDIR),
			mkdir(strings.Repeat("n", 256), unix.ENAMETOOLONG)),
		failing("symlink, link and mknod that fail", []string{"symlinkat", "linkat", "mknodat"}, plain,
			attempt{func(e *Env) error { return unix.Symlinkat("target", here, e.P("a")) }, unix.EEXIST,
				Rec(uapi.FSSymlink, "a").Target("target")},
			attempt{func(e *Env) error { return unix.Linkat(here, e.P("a"), here, e.P("d"), 0) }, unix.EEXIST,
				Rec(uapi.FSHardlink, "a").To("d")},
			attempt{func(e *Env) error { return unix.Linkat(here, e.P("none"), here, e.P("b"), 0) }, unix.ENOENT,
				Rec(uapi.FSHardlink, "none").To("b")},
			attempt{func(e *Env) error { return unix.Linkat(here, e.P("d"), here, e.P("b"), 0) }, unix.EPERM,
				Rec(uapi.FSHardlink, "d").To("b")},
			attempt{func(e *Env) error { return unix.Mknodat(here, e.P("a"), unix.S_IFIFO|0o600, 0) }, unix.EEXIST,
				Rec(uapi.FSMknod, "a")}),
		{
			Name: "names that one may not make or remove", Kinds: []string{"mkdirat", "unlinkat", "renameat2"},
			Needs: []Need{needRoot}, Setup: plain,
			Do: func(e *Env) {
				e.asNobody(func() {
					e.Fails(unix.Mkdirat(here, "new", 0o755), unix.EACCES)
					e.Fails(unix.Unlinkat(here, "a", 0), unix.EACCES)
					e.Fails(unix.Renameat(here, "a", here, "d/a"), unix.EACCES)
				})
			},
			Want: func(e *Env) []Want {
				return []Want{
					Failed(uapi.FSMkdir, "new", unix.EACCES).UID(nobody),
					Failed(uapi.FSDelete, "a", unix.EACCES).UID(nobody),
					Failed(uapi.FSRename, "a", unix.EACCES).To("d/a").UID(nobody),
				}
			},
		},
		{
			Name: "EXDEV, EBUSY and EROFS at a mount", Kinds: []string{"renameat2", "linkat", "unlinkat", "mkdirat"},
			Needs: []Need{needRoot, needMount},
			Setup: func(e *Env) {
				plain(e)
				e.Mkdir("m", "ro")
				e.Mount("t", "m", "tmpfs", 0, "size=1m")
				e.Mount(e.P("d"), "ro", "", unix.MS_BIND, "")
				e.Must(unix.Mount("", e.P("ro"), "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
			},
			Do: func(e *Env) {
				e.Fails(e.rename("a", "m/a", 0), unix.EXDEV)
				e.Fails(unix.Linkat(here, e.P("a"), here, e.P("m/a"), 0), unix.EXDEV)
				e.Fails(unix.Unlinkat(here, e.P("m"), unix.AT_REMOVEDIR), unix.EBUSY)
				e.Fails(unix.Mkdirat(here, e.P("ro/new"), 0o755), unix.EROFS)
				e.Fails(unix.Unlinkat(here, e.P("ro/e"), unix.AT_REMOVEDIR), unix.EROFS)
			},
			Want: func(e *Env) []Want {
				return []Want{
					Failed(uapi.FSRename, "a", unix.EXDEV).To("m/a"),
					Failed(uapi.FSHardlink, "a", unix.EXDEV).To("m/a"),
					Failed(uapi.FSRmdir, "m", unix.EBUSY),
					Failed(uapi.FSMkdir, "ro/new", unix.EROFS),
					Failed(uapi.FSRmdir, "ro/e", unix.EROFS),
				}
			},
		},
	}
}
