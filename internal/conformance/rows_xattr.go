// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func xattrRows() []Scenario {
	// trusted.* exists on every filesystem here, and on symbolic links.
	const name = "trusted.vexj"
	needs := []Need{needRoot, needXattr}
	setup := func(e *Env) {
		e.File("a", "x", 0o640)
		e.Symlink("a", "l")
		e.Bind("a", "a")
		e.Bind("l", "l")
		e.Held("a", unix.O_RDWR)
		e.Must(unix.Setxattr(e.P("a"), "trusted.old", []byte("12345"), 0))
	}
	about := func(t uapi.Type, path, name string) Want {
		w := Rec(t, path).Object(path)
		if name != "" {
			w = w.Name(name)
		}
		return w
	}
	return []Scenario{{
		Name: "setxattr, fsetxattr and lsetxattr", Kinds: []string{"setxattr", "fsetxattr", "lsetxattr"},
		Needs: needs, Setup: setup,
		Do: func(e *Env) {
			e.Must(unix.Setxattr(e.P("a"), name, []byte("value"), 0))
			e.Must(unix.Fsetxattr(int(e.FD("a")), name, []byte("longer value"), 0))
			e.Must(unix.Lsetxattr(e.P("l"), name, nil, 0))
		},
		Want: func(e *Env) []Want {
			return []Want{
				about(uapi.FSSetxattr, "a", name).Len(5),
				about(uapi.FSSetxattr, "a", name).Len(12),
				about(uapi.FSSetxattr, "l", name).Len(0),
			}
		},
	}, {
		Name: "getxattr, fgetxattr and listxattr", Kinds: []string{"getxattr", "fgetxattr", "listxattr"},
		Needs: needs, Setup: setup,
		Do: func(e *Env) {
			n, err := unix.Getxattr(e.P("a"), "trusted.old", make([]byte, 64))
			e.N(n, err, 5)
			n, err = unix.Fgetxattr(int(e.FD("a")), "trusted.old", nil)
			e.N(n, err, 5)
			n, err = unix.Listxattr(e.P("a"), make([]byte, 4096))
			e.Must(err)
			e.Note("listed", int64(n))
		},
		Want: func(e *Env) []Want {
			return []Want{
				about(uapi.FSGetxattr, "a", "trusted.old").Len(64).Outcome(5),
				about(uapi.FSGetxattr, "a", "trusted.old").Len(0).Outcome(5),
				about(uapi.FSListxattr, "a", "").Len(4096).Outcome(e.Fact("listed")),
			}
		},
	}, {
		Name: "removexattr and fremovexattr", Kinds: []string{"removexattr", "fremovexattr"},
		Needs: needs,
		Setup: func(e *Env) { setup(e); e.Must(unix.Setxattr(e.P("a"), name, []byte("v"), 0)) },
		Do: func(e *Env) {
			e.Must(unix.Removexattr(e.P("a"), name))
			e.Must(unix.Fremovexattr(int(e.FD("a")), "trusted.old"))
		},
		Want: func(e *Env) []Want {
			return []Want{
				about(uapi.FSRemovexattr, "a", name),
				about(uapi.FSRemovexattr, "a", "trusted.old"),
			}
		},
	}, {
		Name: "extended attribute of the longest name", Kinds: []string{"setxattr"},
		Needs: needs, Setup: setup,
		Do: func(e *Env) {
			e.Must(unix.Setxattr(e.P("a"), longest, []byte("v"), 0))
		},
		Want: func(e *Env) []Want { return []Want{about(uapi.FSSetxattr, "a", longest).Len(1)} },
	}, {
		Name: "extended attributes that fail", Kinds: []string{"setxattr", "getxattr", "removexattr"},
		Needs: needs, Setup: setup,
		Do: func(e *Env) {
			e.Fails(unix.Setxattr(e.P("a"), "trusted.old", []byte("v"), unix.XATTR_CREATE), unix.EEXIST)
			_, err := unix.Getxattr(e.P("a"), "trusted.none", make([]byte, 8))
			e.Fails(err, unix.ENODATA)
			e.Fails(unix.Removexattr(e.P("a"), "trusted.none"), unix.ENODATA)
			e.Fails(unix.Setxattr(e.P("none"), name, []byte("v"), 0), unix.ENOENT)
			e.Fails(unix.Setxattr(e.P("a"), "nosuch.class", []byte("v"), 0), unix.EOPNOTSUPP)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Failed(uapi.FSSetxattr, "a", unix.EEXIST).Name("trusted.old").AnyKind().Len(1),
				Failed(uapi.FSGetxattr, "a", unix.ENODATA).Name("trusted.none"),
				Failed(uapi.FSRemovexattr, "a", unix.ENODATA).Name("trusted.none"),
				Failed(uapi.FSSetxattr, "none", unix.ENOENT).Name(name),
				Failed(uapi.FSSetxattr, "a", unix.EOPNOTSUPP).Name("nosuch.class"),
			}
		},
	}}
}

// longest is a name of XATTR_NAME_MAX, 255 bytes.
var longest = "trusted." + strings.Repeat("n", 247)
