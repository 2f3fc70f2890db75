// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// pathRows reach their object in ways that a record's path must not show.
func pathRows() []Scenario {
	// look opens and closes path, which leads to the file noted as name.
	look := func(e *Env, path, name string) {
		fd, err := unix.Open(path, unix.O_RDONLY, 0)
		e.Must(err)
		e.Close(e.NoteFD(name, fd))
	}
	looked := func(name string) func(e *Env) []Want {
		return func(e *Env) []Want {
			return []Want{opened(e, name, unix.O_RDONLY).Object("it"), closed(name).Object("it")}
		}
	}
	tree := func(e *Env) {
		e.Mkdir("d", "d/e")
		e.File("a", "x", 0o644)
		e.File("d/e/b", "x", 0o644)
		e.Symlink("d", "ld")
		e.Symlink("e", "d/le")
		e.Symlink("a", "la")
		e.Symlink(e.P("d/../ld/le/b"), "lb")
		e.Symlink("new", "dangling")
	}
	return []Scenario{{
		Name: "relative path", Kinds: []string{"openat"},
		Setup: tree,
		Do:    func(e *Env) { look(e, "a", "a") },
		Want:  looked("a"),
	}, {
		Name: "relative path after chdir", Kinds: []string{"chdir", "openat"},
		Setup: tree,
		Do: func(e *Env) {
			e.Must(unix.Chdir("d/e"))
			look(e, "../../a", "a")
		},
		Want: func(e *Env) []Want {
			return append([]Want{Rec(uapi.FSChdir, "d/e").Mode(directory | 0o755)}, looked("a")(e)...)
		},
	}, {
		Name: "relative path after fchdir", Kinds: []string{"fchdir", "openat"},
		Setup: func(e *Env) { tree(e); e.Dirfd("d/e") },
		Do: func(e *Env) {
			e.Must(unix.Fchdir(int(e.FD("d/e"))))
			look(e, "b", "d/e/b")
		},
		Want: func(e *Env) []Want {
			return append([]Want{Rec(uapi.FSChdir, "d/e")}, looked("d/e/b")(e)...)
		},
	}, {
		Name: "dots and double slashes", Kinds: []string{"openat"},
		Setup: tree,
		Do:    func(e *Env) { look(e, e.P("/.//d/e/./..//../d//e/b"), "d/e/b") },
		Want:  looked("d/e/b"),
	}, {
		Name: "dot-dot behind a symbolic link", Kinds: []string{"openat"},
		Setup: tree,
		Do:    func(e *Env) { look(e, e.P("d/le/../e/b"), "d/e/b") },
		Want:  looked("d/e/b"),
	}, {
		Name: "symbolic links in the path", Kinds: []string{"openat"},
		Setup: tree,
		Do:    func(e *Env) { look(e, e.P("ld/le/b"), "d/e/b") },
		Want:  looked("d/e/b"),
	}, {
		Name: "final symbolic link is followed", Kinds: []string{"openat"},
		Setup: tree,
		Do:    func(e *Env) { look(e, e.P("la"), "a") },
		Want:  looked("a"),
	}, {
		Name: "absolute symbolic link by way of others", Kinds: []string{"openat"},
		Setup: tree,
		Do:    func(e *Env) { look(e, "lb", "d/e/b") },
		Want:  looked("d/e/b"),
	}, {
		Name: "dangling symbolic link is created through", Kinds: []string{"openat"},
		Setup: tree,
		Do: func(e *Env) {
			fd, err := unix.Open(e.P("dangling"), unix.O_CREAT|unix.O_WRONLY, 0o644)
			e.Must(err)
			e.Close(e.NoteFD("new", fd))
		},
		Want: func(e *Env) []Want {
			return []Want{
				created("new", 0o644).Object("n"),
				opened(e, "new", unix.O_CREAT|unix.O_WRONLY).Object("n"),
				closed("new").Object("n"),
			}
		},
	}, {
		Name: "final symbolic link is not followed", Kinds: []string{"openat", "lstat"},
		Setup: func(e *Env) { tree(e); e.Bind("link", "la") },
		Do: func(e *Env) {
			_, err := unix.Open(e.P("la"), unix.O_RDONLY|unix.O_NOFOLLOW, 0)
			e.Fails(err, unix.ELOOP)
			e.Close(e.Open("la", unix.O_PATH|unix.O_NOFOLLOW, 0))
			e.Must(unix.Lstat(e.P("la"), new(unix.Stat_t)))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Failed(uapi.FSOpen, "la", unix.ELOOP),
				opened(e, "la", unix.O_PATH|unix.O_NOFOLLOW).Mode(unix.S_IFLNK | 0o777).Object("link"),
				closed("la").Object("link"),
				Rec(uapi.FSStat, "la").Mode(unix.S_IFLNK | 0o777).Object("link"),
			}
		},
	}, {
		Name: "trailing slash", Kinds: []string{"mkdirat", "stat"},
		Do: func(e *Env) {
			e.Must(unix.Mkdirat(unix.AT_FDCWD, e.P("d/"), 0o700))
			e.Must(unix.Stat(e.P("d//"), new(unix.Stat_t)))
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSMkdir, "d").Mode(directory | 0o700).Object("d"),
				Rec(uapi.FSStat, "d").Mode(directory | 0o700).Object("d"),
			}
		},
	}, {
		Name: "the directory of a moved tree is where it is now", Kinds: []string{"renameat2", "openat"},
		Setup: func(e *Env) { tree(e); e.Dirfd("d/e") },
		Do: func(e *Env) {
			e.Must(unix.Renameat(unix.AT_FDCWD, e.P("d"), unix.AT_FDCWD, e.P("moved")))
			fd, err := unix.Openat(int(e.FD("d/e")), "b", unix.O_RDONLY, 0)
			e.Must(err)
			e.Close(e.NoteFD("moved/e/b", fd))
		},
		Want: func(e *Env) []Want {
			moved := filepath.Join("moved", "e", "b")
			return append([]Want{Rec(uapi.FSRename, "d").To("moved").Mode(directory | 0o755)}, looked(moved)(e)...)
		},
	}}
}
