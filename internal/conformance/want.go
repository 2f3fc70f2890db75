// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Want is one record that must come out. Its methods return a copy that also
// demands the fact in question; what no method demands is not compared, save
// for type, path, path2, result, via, kind, flags, xattr name and value, and who,
// which always are.
type Want struct {
	Type  uapi.Type
	Path  string // relative to the scenario's directory, or absolute
	Path2 string

	verbatim2 bool // Path2 is no path
	anyPath   bool
	anyPath2  bool
	glob      bool       // Path is a pattern
	mayCut    bool       // the producer may cut Path on the root side
	flags     uapi.Flags // as demanded
	may       uapi.Flags // not compared
	causedBy  int        // records back in the list; 0: nothing
	obj, obj2 string
	dir, dir2 string
	inode     int64 // what obj was bound to; 0: nothing

	fields []expect
}

// expect is one demand: the value of a field, in the words of fieldOf.
type expect struct{ field, value string }

// Rec starts a demand for a record of type t about path.
func Rec(t uapi.Type, path string) Want {
	return Want{Type: t, Path: path}.
		set("via", uapi.ViaCall).set("kind", 0).set("result", 0).set("name", "").set("value", "").set("flags", "")
}

// Failed starts a demand for the record of a call that failed with errno.
func Failed(t uapi.Type, path string, errno unix.Errno) Want {
	return Rec(t, path).Outcome(-int64(errno))
}

func (w Want) set(field string, value any) Want {
	fields := make([]expect, 0, len(w.fields)+1)
	for _, f := range w.fields {
		if f.field != field {
			fields = append(fields, f)
		}
	}
	w.fields = append(fields, expect{field, fmt.Sprint(value)})
	return w
}

func (w Want) demands(field string) (string, bool) {
	for _, f := range w.fields {
		if f.field == field {
			return f.value, true
		}
	}
	return "", false
}

// To demands path2: the new name of a RENAME or HARDLINK, the source of a copy.
func (w Want) To(path2 string) Want { w.Path2 = path2; return w }

// Target demands path2 that is no path: a link's target, a mount's source.
func (w Want) Target(text string) Want { w.Path2, w.verbatim2 = text, true; return w }

// AnyPath leaves path and path2 open.
func (w Want) AnyPath() Want { w.anyPath, w.anyPath2 = true, true; return w }

// AnyPath2 leaves path2 open.
func (w Want) AnyPath2() Want { w.anyPath2 = true; return w }

// Glob makes the last element of path a pattern of path/filepath.Match.
func (w Want) Glob() Want { w.glob = true; return w }

// MayCut lets the producer cut the path on the root side, flagged.
func (w Want) MayCut() Want { w.mayCut = true; return w }

// Via demands how the operation came about.
func (w Want) Via(via uapi.Via) Want { return w.set("via", via) }

// Kind demands the kind in the subtype.
func (w Want) Kind(kind uint16) Want { return w.set("kind", kind) }

// AnyKind leaves the kind open.
func (w Want) AnyKind() Want { return w.set("kind", "*") }

// Outcome demands the result. A negative one is -errno, of a record flagged
// FAILED whose path and object the producer may not have found.
func (w Want) Outcome(result int64) Want {
	w = w.set("result", result)
	if result >= 0 {
		return w
	}
	return w.Flags(uapi.FlagFailed).
		May(uapi.FlagPathUnresolved | uapi.FlagPath2Unresolved | uapi.FlagObjectUnknown)
}

// AnyOutcome demands a result of 0 or more, whichever.
func (w Want) AnyOutcome() Want { return w.set("result", ">=0") }

// At demands the offset, Len the bytes asked for.
func (w Want) At(offset int64) Want { return w.set("offset", offset) }
func (w Want) Len(n uint64) Want    { return w.set("length", n) }

// Did is At, Len and Outcome: n bytes asked for at offset, n done.
func (w Want) Did(offset, n int64) Want { return w.At(offset).Len(uint64(n)).Outcome(n) }

// Size, Mode and Nlink demand facts of the object after the operation.
func (w Want) Size(n int64) Want     { return w.set("file.size", n) }
func (w Want) Nlink(n uint32) Want   { return w.set("file.nlink", n) }
func (w Want) Mode(mode uint32) Want { return w.set("file.mode", octal(mode)) }

// Object demands that the record's object is the one that label stands for:
// the same in all records of a row, another for each label, and the one that
// Env.Bind bound it to.
func (w Want) Object(label string) Want { w.obj = label; return w }

// Object2 is Object for file2.
func (w Want) Object2(label string) Want { w.obj2 = label; return w }

// Dirs demands the directories of path and path2, by labels that Env.Bind bound;
// "" is none.
func (w Want) Dirs(dir, dir2 string) Want { w.dir, w.dir2 = dir, dir2; return w }

// Name demands the name of the extended attribute.
func (w Want) Name(name string) Want { return w.set("name", strconv.Quote(name)) }

// Value demands the value of the extended attribute.
func (w Want) Value(value string) Want { return w.set("value", strconv.Quote(value)) }

// Flags demands flags besides FAILED, which follows from the result.
func (w Want) Flags(flags uapi.Flags) Want {
	w.flags |= flags
	return w.set("flags", w.flags)
}

// May lets the record have flags or not.
func (w Want) May(flags uapi.Flags) Want { w.may |= flags; return w }

// By demands who: the process id.
func (w Want) By(pid int64) Want { return w.set("pid", pid) }

// UID demands the fsuid, MntNS the mount namespace of the acting thread.
func (w Want) UID(uid uint32) Want  { return w.set("task.uid", uid) }
func (w Want) MntNS(ino int64) Want { return w.set("task.mnt_ns", ino) }
func (w Want) AnyThread() Want      { return w.set("task.tid", "*") }

// FD demands the descriptor of an OPEN, as result and in its open attribute.
func (w Want) FD(fd int64) Want { return w.Outcome(fd).set("open.fd", fd) }

// Asked demands the flags of an OPEN, less those that the kernel or libc add.
func (w Want) Asked(flags int) Want { return w.set("open.flags", octal(uint32(flags)&^largefile())) }

// Owner demands what a CHOWN asked for; ^0 stands for unchanged.
func (w Want) Owner(uid, gid uint32) Want {
	return w.set("owner", fmt.Sprintf("%d:%d", int32(uid), int32(gid)))
}

// Times demands the object's times after UTIMES, in ns.
func (w Want) Times(atime, mtime int64) Want {
	return w.set("times", fmt.Sprintf("%d %d", atime, mtime))
}

// Rdev demands the device number of a MKNOD.
func (w Want) Rdev(major, minor uint32) Want {
	return w.set("rdev", fmt.Sprintf("%d:%d", major, minor))
}

// Lock demands what a LOCK asked for: 0 unlock, 1 shared, 2 exclusive.
func (w Want) Lock(command uint32, blocking bool) Want {
	return w.set("lock", fmt.Sprintf("%d blocking=%v", command, blocking))
}

// Child demands the child of a FORK.
func (w Want) Child(pid int64) Want { return w.set("child", pid) }

// Argv demands the arguments of an EXEC.
func (w Want) Argv(argv ...string) Want {
	return w.set("argv", strconv.Quote(strings.Join(argv, "\x00")))
}

// CausedBy demands parent_event_id and root_cause_event_id: the event_id of the
// record so many places back in the list.
func (w Want) CausedBy(back int) Want { w.causedBy = back; return w }

// resolve makes the paths absolute and adds what every record of e's child has.
func (w Want) resolve(e *Env) Want {
	w.Path = e.abs(w.Path)
	if w.Path2 != "" && !w.verbatim2 {
		w.Path2 = e.abs(w.Path2)
	}
	w.inode = e.Fact("ino:" + w.obj)
	if w.dir != "" {
		w = w.set("dirs", fmt.Sprintf("%d %d", e.Fact("ino:"+w.dir), e.Fact("ino:"+w.dir2)))
	}
	if _, ok := w.demands("pid"); !ok {
		w = w.set("pid", e.Fact("pid"))
	}
	if pid, _ := w.demands("pid"); pid == fmt.Sprint(e.Fact("pid")) {
		for _, field := range []string{"task.tid", "task.ppid", "task.uid", "task.gid", "task.mnt_ns", "task.pid_ns", "task.cgroup"} {
			if _, ok := w.demands(field); ok {
				continue
			}
			if v, known := e.facts[field]; known {
				w = w.set(field, v)
			}
		}
	}
	return w
}

// abs is what a record should have for a path of a row: those are relative to
// Dir, "" is none, "." is Dir itself.
func (e *Env) abs(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.Dir, path)
}

func octal(n uint32) string { return fmt.Sprintf("%#o", n) }
