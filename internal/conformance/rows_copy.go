// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// pairOfFiles has a, ten bytes to read, and b, empty and to be written, both
// open, and a pipe.
func pairOfFiles(e *Env) {
	e.File("a", "0123456789", 0o644)
	e.File("b", "", 0o644)
	e.Bind("a", "a")
	e.Bind("b", "b")
	e.Held("a", unix.O_RDONLY)
	e.Held("b", unix.O_WRONLY)
	var p [2]int
	e.Must(unix.Pipe2(p[:], unix.O_CLOEXEC))
	e.NoteFD("out", p[0])
	e.NoteFD("in", p[1])
}

func copyRows() []Scenario {
	copied := func(via uapi.Via, offset, asked, done, size int64) Want {
		return Rec(uapi.FSWrite, "b").To("a").Via(via).At(offset).Len(uint64(asked)).Outcome(done).
			Size(size).Object("b").Object2("a")
	}
	return []Scenario{{
		Name: "copy_file_range", Kinds: []string{"copy_file_range"},
		Setup: pairOfFiles,
		Do: func(e *Env) {
			a, b := int(e.FD("a")), int(e.FD("b"))
			n, err := unix.CopyFileRange(a, nil, b, nil, 100, 0)
			e.N(n, err, 10)
			from, to := int64(2), int64(20)
			n, err = unix.CopyFileRange(a, &from, b, &to, 5, 0)
			e.N(n, err, 5)
			n, err = unix.CopyFileRange(a, nil, b, nil, 100, 0)
			e.N(n, err, 0)
		},
		Want: func(e *Env) []Want {
			return []Want{
				copied(uapi.ViaCopyRange, 0, 100, 10, 10),
				copied(uapi.ViaCopyRange, 20, 5, 5, 25),
				copied(uapi.ViaCopyRange, 10, 100, 0, 25),
			}
		},
	}, {
		Name: "sendfile from file to file", Kinds: []string{"sendfile"},
		Setup: pairOfFiles,
		Do: func(e *Env) {
			from := int64(3)
			n, err := unix.Sendfile(int(e.FD("b")), int(e.FD("a")), &from, 5)
			e.N(n, err, 5)
		},
		Want: func(e *Env) []Want { return []Want{copied(uapi.ViaSendfile, 0, 5, 5, 5)} },
	}, {
		Name: "sendfile from file to socket", Kinds: []string{"sendfile"},
		Setup: func(e *Env) {
			pairOfFiles(e)
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			e.Must(err)
			e.NoteFD("socket", pair[0])
		},
		Do: func(e *Env) {
			n, err := unix.Sendfile(int(e.FD("socket")), int(e.FD("a")), nil, 4)
			e.N(n, err, 4)
		},
		Want: func(e *Env) []Want {
			return []Want{Rec(uapi.FSRead, "a").Via(uapi.ViaSendfile).Did(0, 4).Size(10).Object("a")}
		},
	}, {
		Name: "splice by way of a pipe", Kinds: []string{"splice"},
		Setup: pairOfFiles,
		Do: func(e *Env) {
			from, to := int64(1), int64(7)
			n, err := unix.Splice(int(e.FD("a")), &from, int(e.FD("in")), nil, 6, 0)
			e.N(int(n), err, 6)
			n, err = unix.Splice(int(e.FD("out")), nil, int(e.FD("b")), &to, 6, 0)
			e.N(int(n), err, 6)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.FSRead, "a").Via(uapi.ViaSplice).Did(1, 6).Size(10).Object("a"),
				Rec(uapi.FSWrite, "b").Via(uapi.ViaSplice).Did(7, 6).Size(13).Object("b"),
			}
		},
	}, {
		Name: "FICLONE", Kinds: []string{"ioctl.ficlone"},
		Setup: pairOfFiles,
		Do:    func(e *Env) { e.NoteErr("clone", unix.IoctlFileClone(int(e.FD("b")), int(e.FD("a")))) },
		Want: func(e *Env) []Want {
			w := Rec(uapi.FSWrite, "b").To("a").Via(uapi.ViaClone).Outcome(e.Fact("clone")).Object("b").Object2("a")
			if e.Fact("clone") == 0 {
				w = w.Size(10)
			}
			return []Want{w}
		},
	}, {
		Name: "FICLONERANGE", Kinds: []string{"ioctl.ficlone"},
		Setup: func(e *Env) {
			pairOfFiles(e)
			e.Must(unix.Truncate(e.P("a"), 1<<17))
		},
		Do: func(e *Env) {
			e.NoteErr("clone", unix.IoctlFileCloneRange(int(e.FD("b")), &unix.FileCloneRange{
				Src_fd: e.FD("a"), Src_offset: 0, Src_length: 1 << 16, Dest_offset: 1 << 16}))
		},
		Want: func(e *Env) []Want {
			w := Rec(uapi.FSWrite, "b").To("a").Via(uapi.ViaClone).Len(1 << 16).Outcome(e.Fact("clone")).Object("b").Object2("a")
			if e.Fact("clone") == 0 {
				w = w.At(1 << 16).Size(1 << 17)
			}
			return []Want{w}
		},
	}, {
		Name: "copy_file_range that fails", Kinds: []string{"copy_file_range"},
		Setup: pairOfFiles,
		Do: func(e *Env) {
			_, err := unix.CopyFileRange(int(e.FD("a")), nil, int(e.FD("a")), nil, 5, 0)
			e.Fails(err, unix.EBADF)
		},
		Want: func(e *Env) []Want {
			return []Want{Failed(uapi.FSWrite, "a", unix.EBADF).To("a").Via(uapi.ViaCopyRange).Len(5)}
		},
	}}
}
