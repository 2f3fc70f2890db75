// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
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
				about(uapi.FSSetxattr, "a", name).Len(5).Value("value"),
				about(uapi.FSSetxattr, "a", name).Len(12).Value("longer value"),
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
		Want: func(e *Env) []Want { return []Want{about(uapi.FSSetxattr, "a", longest).Len(1).Value("v")} },
	}, {
		Name: "extended attribute of a long value", Kinds: []string{"setxattr"},
		Needs: needs, Setup: setup,
		Do: func(e *Env) {
			e.Must(unix.Setxattr(e.P("a"), name, longValue, 0))
			e.Must(unix.Setxattr(e.P("a"), name, append(longValue, 'x'), 0))
		},
		Want: func(e *Env) []Want {
			return []Want{
				about(uapi.FSSetxattr, "a", name).Len(uapi.MaxValue).Value(string(longValue)),
				about(uapi.FSSetxattr, "a", name).Len(uapi.MaxValue + 1),
			}
		},
	}, {
		// Of which newer kernels make something else on the way to the filesystem.
		Name: "access control list", Kinds: []string{"setxattr"},
		Needs: append([]Need{needACL}, needs...), Setup: setup,
		Do: func(e *Env) {
			e.Must(unix.Setxattr(e.P("a"), aclName, acl, 0))
		},
		Want: func(e *Env) []Want {
			return []Want{about(uapi.FSSetxattr, "a", aclName).Len(uint64(len(acl))).Value(string(acl))}
		},
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

// longValue is the longest that a record has.
var longValue = bytes.Repeat([]byte("\x00long "), uapi.MaxValue/6+1)[:uapi.MaxValue:uapi.MaxValue]

const aclName = "system.posix_acl_access"

// acl lets user 4711 read what mode 0640 lets the owner write.
var acl = []byte{
	2, 0, 0, 0, // version
	1, 0, 6, 0, 255, 255, 255, 255, // owner
	2, 0, 4, 0, 0x67, 0x12, 0, 0, // user 4711
	4, 0, 4, 0, 255, 255, 255, 255, // group
	16, 0, 4, 0, 255, 255, 255, 255, // mask
	32, 0, 0, 0, 255, 255, 255, 255, // others
}

// longest is a name of XATTR_NAME_MAX, 255 bytes.
var longest = "trusted." + strings.Repeat("n", 247)
