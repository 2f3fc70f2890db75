// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func mountRows() []Scenario {
	needs := []Need{needRoot, needMount}
	const flags = unix.O_CREAT | unix.O_WRONLY
	touch := func(e *Env, path, name string) {
		fd, err := unix.Open(path, flags, 0o644)
		e.Must(err)
		e.Close(e.NoteFD(name, fd))
	}
	touched := func(e *Env, name string) []Want {
		return []Want{created(name, 0o644).Object("n"), opened(e, name, flags).Object("n"), closed(name).Object("n")}
	}
	return []Scenario{{
		Name: "through a bind mount", Kinds: []string{"openat", "mount.bind"}, Needs: needs,
		Setup: func(e *Env) { e.Mkdir("d", "d/e", "m"); e.Mount(e.P("d/e"), "m", "", unix.MS_BIND, "") },
		Do:    func(e *Env) { touch(e, e.P("m/a"), "m/a") },
		Want:  func(e *Env) []Want { return touched(e, "m/a") },
	}, {
		Name: "through mounts on mounts", Kinds: []string{"openat"}, Needs: needs,
		Setup: func(e *Env) {
			e.Mkdir("m")
			e.Mount("t", "m", "tmpfs", 0, "size=1m")
			e.Mkdir("m/n")
			e.Mount("t", "m/n", "tmpfs", 0, "size=1m")
			e.Mkdir("m/n/o", "p")
			e.Mount(e.P("m/n/o"), "p", "", unix.MS_BIND, "")
		},
		Do: func(e *Env) {
			touch(e, e.P("m/n/../n/o/a"), "m/n/o/a")
			e.Must(unix.Fstatat(unix.AT_FDCWD, e.P("p/a"), new(unix.Stat_t), 0))
			e.Must(unix.Fstatat(unix.AT_FDCWD, e.P("m/n"), new(unix.Stat_t), 0))
		},
		Want: func(e *Env) []Want {
			return append(touched(e, "m/n/o/a"), Rec(uapi.FSStat, "p/a").Object("n"), Rec(uapi.FSStat, "m/n").Mode(directory|0o1777))
		},
	}, {
		Name: "a file bound over a file", Kinds: []string{"write", "mount.bind"}, Needs: needs,
		Setup: func(e *Env) {
			e.File("a", "x", 0o644)
			e.File("b", "y", 0o644)
			e.Bind("a", "a")
			e.Mount(e.P("a"), "b", "", unix.MS_BIND, "")
			e.Held("b", unix.O_WRONLY)
		},
		Do: func(e *Env) {
			n, err := unix.Write(int(e.FD("b")), []byte("123"))
			e.N(n, err, 3)
		},
		Want: func(e *Env) []Want { return []Want{Rec(uapi.FSWrite, "b").Did(0, 3).Object("a")} },
	}, {
		Name: "in a chroot", Kinds: []string{"openat", "chroot"}, Needs: needs,
		Setup: func(e *Env) { e.Mkdir("r", "r/d"); e.Symlink("/d", "r/l") },
		Do: func(e *Env) {
			e.Must(unix.Chroot(e.P("r")))
			touch(e, "/l/../d/./a", "r/d/a")
		},
		Want: func(e *Env) []Want { return touched(e, "r/d/a") },
	}, {
		Name: "in another mount namespace", Kinds: []string{"openat", "mount"}, Needs: needs,
		Setup: func(e *Env) { e.Mkdir("m") },
		Do: func(e *Env) {
			e.Must(unix.Unshare(unix.CLONE_NEWNS))
			e.Must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
			e.Must(unix.Mount("t", e.P("m"), "tmpfs", 0, "size=1m"))
			touch(e, e.P("m/a"), "m/a")
			var st unix.Stat_t
			e.Must(unix.Stat("/proc/thread-self/ns/mnt", &st))
			e.Note("ns", int64(st.Ino))
		},
		Want: func(e *Env) []Want {
			out := []Want{Rec(uapi.SysMount, "m").Target("t")}
			out = append(out, touched(e, "m/a")...)
			for i := range out {
				out[i] = out[i].MntNS(e.Fact("ns"))
			}
			return out
		},
	}, {
		Name: "mount and umount", Kinds: []string{"mount", "umount2"}, Needs: needs,
		Setup: func(e *Env) { e.Mkdir("m", "d") },
		Do: func(e *Env) {
			e.Must(unix.Mount("what", e.P("m"), "tmpfs", unix.MS_NODEV, "size=1m"))
			e.Must(unix.Unmount(e.P("m"), 0))
			e.Must(unix.Mount(e.P("d"), e.P("m"), "", unix.MS_BIND, ""))
			e.Must(unix.Unmount(e.P("m"), unix.MNT_DETACH))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.SysMount, "m").Target("what").AnyKind(),
				Rec(uapi.SysUnmount, "m").AnyKind(),
				Rec(uapi.SysMount, "m").To("d").AnyKind(),
				Rec(uapi.SysUnmount, "m").AnyKind(),
			}
		},
	}, {
		Name: "mount and umount that fail", Kinds: []string{"mount", "umount2"}, Needs: needs,
		Setup: func(e *Env) { e.Mkdir("m") },
		Do: func(e *Env) {
			e.Fails(unix.Mount("what", e.P("m"), "nosuchfs", 0, ""), unix.ENODEV)
			e.Fails(unix.Unmount(e.P("m"), 0), unix.EINVAL)
			e.Fails(unix.Mount("what", e.P("none"), "tmpfs", 0, ""), unix.ENOENT)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Failed(uapi.SysMount, "m", unix.ENODEV).Target("what").AnyKind(),
				Failed(uapi.SysUnmount, "m", unix.EINVAL).AnyKind(),
				Failed(uapi.SysMount, "none", unix.ENOENT).Target("what").AnyKind(),
			}
		},
	}, {
		Name: "move_mount", Kinds: []string{"move_mount"}, Needs: needs,
		Setup: func(e *Env) {
			e.Mkdir("m")
			fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
			e.Supports("fsopen", err)
			e.Must(unix.FsconfigCreate(fs))
			fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
			e.Must(err)
			e.NoteFD("mount", fd)
			e.Cleanup(func() { unix.Unmount(e.P("m"), unix.MNT_DETACH) })
		},
		Do: func(e *Env) {
			e.Must(unix.MoveMount(int(e.FD("mount")), "", unix.AT_FDCWD, e.P("m"), unix.MOVE_MOUNT_F_EMPTY_PATH))
		},
		Want: func(e *Env) []Want { return []Want{Rec(uapi.SysMount, "m").AnyPath2().AnyKind()} },
	}}
}
