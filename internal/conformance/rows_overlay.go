// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// overlayRows work on the merged directory "m" of an overlay. Which inode an
// overlay shows is its own affair, so objects are not compared.
func overlayRows() []Scenario {
	needs := []Need{needRoot, needMount}
	setup := func(e *Env) {
		// Layers of their own, as not every filesystem can serve as one.
		e.Mkdir("l")
		e.Mount("t", "l", "tmpfs", 0, "size=8m")
		e.Mkdir("l/lower", "l/upper", "l/work", "m", "l/lower/d")
		e.File("l/lower/a", "0123456789", 0o644)
		e.File("l/lower/d/b", "x", 0o644)
		opts := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", e.P("l/lower"), e.P("l/upper"), e.P("l/work"))
		e.Supports("overlay", unix.Mount("o", e.P("m"), "overlay", 0, opts))
		e.Cleanup(func() { unix.Unmount(e.P("m"), unix.MNT_DETACH) })
	}
	lower := func(w Want) Want { return w.May(uapi.FlagOverlayLower) }
	const flags = unix.O_CREAT | unix.O_EXCL | unix.O_WRONLY
	return []Scenario{{
		Name: "overlay: create, write, rename, remove", Kinds: []string{"overlay"}, Needs: needs, Setup: setup,
		Do: func(e *Env) {
			fd := e.Open("m/n", flags, 0o644)
			n, err := unix.Write(fd, []byte("abc"))
			e.N(n, err, 3)
			e.Close(fd)
			e.Must(e.rename("m/n", "m/d/n", 0))
			e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("m/d/n"), 0))
			e.Must(unix.Mkdirat(unix.AT_FDCWD, e.P("m/e"), 0o755))
		},
		Want: func(e *Env) []Want {
			return []Want{
				created("m/n", 0o644),
				opened(e, "m/n", flags),
				Rec(uapi.FSWrite, "m/n").Did(0, 3).Size(3),
				closed("m/n"),
				Rec(uapi.FSRename, "m/n").To("m/d/n"),
				deleted("m/d/n", 1),
				Rec(uapi.FSMkdir, "m/e").Mode(directory | 0o755),
			}
		},
	}, {
		Name: "overlay: read below, copy up, remove below", Kinds: []string{"overlay"}, Needs: needs, Setup: setup,
		Do: func(e *Env) {
			fd := e.Open("m/a", unix.O_RDONLY, 0)
			n, err := unix.Read(fd, make([]byte, 64))
			e.N(n, err, 10)
			e.Close(fd)
			fd = e.Open("m/d/b", unix.O_WRONLY|unix.O_APPEND, 0)
			n, err = unix.Write(fd, []byte("y"))
			e.N(n, err, 1)
			e.Close(fd)
			e.Must(unix.Fchmodat(unix.AT_FDCWD, e.P("m/a"), 0o600, 0))
			e.Must(unix.Unlinkat(unix.AT_FDCWD, e.P("m/a"), 0))
		},
		Want: func(e *Env) []Want {
			return []Want{
				lower(opened(e, "m/a", unix.O_RDONLY).Size(10)),
				lower(Rec(uapi.FSRead, "m/a").At(0).Len(64).Outcome(10).Size(10)),
				lower(closed("m/a")),
				opened(e, "m/d/b", unix.O_WRONLY|unix.O_APPEND),
				Rec(uapi.FSWrite, "m/d/b").Did(1, 1).Size(2),
				closed("m/d/b"),
				Rec(uapi.FSChmod, "m/a").Mode(regular | 0o600),
				Rec(uapi.FSDelete, "m/a").May(uapi.FlagUnlinked).Size(10),
			}
		},
	}}
}
