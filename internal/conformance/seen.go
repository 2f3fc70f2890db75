// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// watchedFlags are the flags that a row states; the others say nothing of the
// operation.
const watchedFlags = uapi.FlagFailed | uapi.FlagPathTruncated | uapi.FlagPathUnresolved |
	uapi.FlagPath2Truncated | uapi.FlagPath2Unresolved | uapi.FlagOverlayLower |
	uapi.FlagCoalesced | uapi.FlagObjectUnknown | uapi.FlagUnlinked

// absent stands for a field whose attribute the record does not have.
const absent = "none"

// fields tells the value of each field that a Want can demand.
var fields = map[string]func(uapi.Record) string{
	"via":    func(r uapi.Record) string { return r.Subtype().Via().String() },
	"kind":   func(r uapi.Record) string { return fmt.Sprint(r.Subtype().Kind()) },
	"flags":  func(r uapi.Record) string { return (r.Flags() & watchedFlags).String() },
	"name":   nameOf,
	"value":  valueOf,
	"pid":    func(r uapi.Record) string { return fmt.Sprint(r.PID()) },
	"result": ofIO(func(a uapi.IO) string { return fmt.Sprint(a.Result) }),
	"offset": ofIO(func(a uapi.IO) string { return fmt.Sprint(a.Offset) }),
	"length": ofIO(func(a uapi.IO) string { return fmt.Sprint(a.Length) }),

	"file.size":  ofFile(func(a uapi.File) string { return fmt.Sprint(a.Size) }),
	"file.nlink": ofFile(func(a uapi.File) string { return fmt.Sprint(a.Nlink) }),
	"file.mode":  ofFile(func(a uapi.File) string { return octal(a.Mode) }),

	"task.tid":    ofTask(func(a uapi.Task) string { return fmt.Sprint(a.TID) }),
	"task.ppid":   ofTask(func(a uapi.Task) string { return fmt.Sprint(a.PPID) }),
	"task.uid":    ofTask(func(a uapi.Task) string { return fmt.Sprint(a.UID) }),
	"task.gid":    ofTask(func(a uapi.Task) string { return fmt.Sprint(a.GID) }),
	"task.mnt_ns": ofTask(func(a uapi.Task) string { return fmt.Sprint(a.MntNS) }),
	"task.pid_ns": ofTask(func(a uapi.Task) string { return fmt.Sprint(a.PidNS) }),
	"task.cgroup": ofTask(func(a uapi.Task) string { return fmt.Sprint(a.CgroupID) }),

	"open.fd":    ofOpen(func(a uapi.Open) string { return fmt.Sprint(a.FD) }),
	"open.flags": ofOpen(func(a uapi.Open) string { return octal(a.Flags &^ largefile()) }),

	"owner": func(r uapi.Record) string {
		a, ok := r.Owner()
		return orAbsent(ok, "%d:%d", int32(a.UID), int32(a.GID))
	},
	"times": func(r uapi.Record) string {
		a, ok := r.Times()
		return orAbsent(ok, "%d %d", a.Atime, a.Mtime)
	},
	"rdev": func(r uapi.Record) string {
		a, ok := r.Rdev()
		return orAbsent(ok, "%d:%d", a.Major, a.Minor)
	},
	"lock": func(r uapi.Record) string {
		a, ok := r.Lock()
		return orAbsent(ok, "%d blocking=%v", a.Command, a.Blocking != 0)
	},
	"child": func(r uapi.Record) string {
		a, ok := r.Child()
		return orAbsent(ok, "%d", a.PID)
	},
	"dirs": func(r uapi.Record) string {
		a, ok := r.Parents()
		return orAbsent(ok, "%d %d", a.Inode, a.Inode2)
	},
	"argv": func(r uapi.Record) string { return strconv.Quote(string(r.Argv())) },
}

// largefile is what the kernel adds to the flags of every open of a 64-bit
// process; golang.org/x/sys/unix has 0 for it on some of those.
func largefile() uint32 {
	if unix.O_LARGEFILE != 0 {
		return unix.O_LARGEFILE
	}
	return 0o100000
}

func orAbsent(ok bool, format string, args ...any) string {
	if !ok {
		return absent
	}
	return fmt.Sprintf(format, args...)
}

func ofIO(f func(uapi.IO) string) func(uapi.Record) string {
	return func(r uapi.Record) string {
		if a, ok := r.IO(); ok {
			return f(a)
		}
		return absent
	}
}

func ofFile(f func(uapi.File) string) func(uapi.Record) string {
	return func(r uapi.Record) string {
		if a, ok := r.File(); ok {
			return f(a)
		}
		return absent
	}
}

func ofTask(f func(uapi.Task) string) func(uapi.Record) string {
	return func(r uapi.Record) string {
		if a, ok := r.Task(); ok {
			return f(a)
		}
		return absent
	}
}

func ofOpen(f func(uapi.Open) string) func(uapi.Record) string {
	return func(r uapi.Record) string {
		if a, ok := r.Open(); ok {
			return f(a)
		}
		return absent
	}
}

func valueOf(r uapi.Record) string {
	if value, ok := r.Attr(uapi.AttrValue); ok {
		return strconv.Quote(string(value))
	}
	return ""
}

func nameOf(r uapi.Record) string {
	if name := r.Name(); len(name) > 0 {
		return strconv.Quote(string(name))
	}
	return ""
}
