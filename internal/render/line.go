// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strconv"
	"time"

	"vexj/internal/quote"
	"vexj/uapi"
)

const (
	whoWidth = 20
	opWidth  = 10
)

// Line formats records one a line.
type Line struct {
	wide  bool
	color bool
	stamp *Stamp
}

// NewLine makes lines with times in loc. Wide ones end in everything that
// identifies the record, the task and the object.
func NewLine(wide, color bool, loc *time.Location) *Line {
	return &Line{wide, color, NewStamp(time.DateTime, loc, 3)}
}

// Append appends one line, with its newline.
func (l *Line) Append(dst []byte, e Entry) []byte {
	dst = append(l.stamp.Append(dst, e.Wall), ' ')
	return append(l.AppendUntimed(dst, e), '\n')
}

// AppendUntimed appends a line without its time and its newline.
func (l *Line) AppendUntimed(dst []byte, e Entry) []byte {
	if e.Rec.Type() == uapi.SysLost {
		dst = l.lost(dst, e.Rec)
	} else {
		dst = l.who(dst, e.Rec)
		dst = l.operation(dst, e.Rec)
		dst = l.paths(dst, e.Rec)
		dst = appendFacts(dst, e.Rec)
		dst = l.doubts(dst, e.Rec)
		dst = l.result(dst, e.Rec)
	}
	if l.wide {
		dst = l.identity(dst, e)
	}
	return dst
}

// paint appends what f appends, in a colour if there are any.
func (l *Line) paint(dst []byte, color string, f func([]byte) []byte) []byte {
	if !l.color {
		return f(dst)
	}
	return append(f(append(dst, color...)), noColor...)
}

func (l *Line) who(dst []byte, r uapi.Record) []byte {
	start := len(dst)
	if comm := r.Comm(); len(comm) > 0 {
		dst = quote.Append(dst, comm)
	} else {
		dst = append(dst, r.Producer().String()...)
	}
	if r.PID() != 0 {
		dst = append(dst, '[')
		dst = strconv.AppendUint(dst, uint64(r.PID()), 10)
		dst = append(dst, ']')
	}
	return append(pad(dst, start, whoWidth), ' ')
}

func (l *Line) operation(dst []byte, r uapi.Record) []byte {
	word := r.Type().String()
	if l.color {
		dst = append(dst, opColor(r.Type())...)
	}
	start := len(dst)
	dst = append(dst, word...)
	end := len(dst)
	if l.color {
		dst = append(dst, noColor...)
		start += len(dst) - end
	}
	return pad(dst, start, opWidth)
}

func opColor(t uapi.Type) string {
	switch t {
	case uapi.FSDelete, uapi.FSRmdir:
		return red
	case uapi.FSCreate, uapi.FSMkdir, uapi.FSSymlink, uapi.FSHardlink, uapi.FSMknod:
		return green
	case uapi.FSRead, uapi.FSOpen, uapi.FSClose, uapi.FSStat, uapi.FSAccess, uapi.FSReadlink, uapi.FSReaddir,
		uapi.FSGetxattr, uapi.FSListxattr, uapi.FSStatfs, uapi.FSChdir:
		return dim
	}
	if t.Category() == uapi.CategoryFilesystem {
		return yellow
	}
	return cyan
}

func pad(dst []byte, start, width int) []byte {
	for len(dst)-start < width {
		dst = append(dst, ' ')
	}
	return dst
}

func (l *Line) paths(dst []byte, r uapi.Record) []byte {
	path, path2 := r.Path(), r.Path2()
	if path != nil {
		dst = appendPath(append(dst, ' '), path)
	} else if f, ok := r.File(); ok {
		dst = appendObject(append(dst, ' '), f)
	} else if r.Flags().Has(uapi.FlagObjectUnknown) || path2 != nil {
		dst = append(dst, " ?"...)
	}
	if path2 != nil {
		dst = appendPath(append(dst, " -> "...), path2)
	}
	return dst
}

// appendPath quotes whatever could be taken for a mark of the line itself.
func appendPath(dst, path []byte) []byte {
	if len(path) > 0 && (path[0] == '/' || path[0] == '.') {
		return quote.Append(dst, path)
	}
	return quote.AppendQuoted(dst, path)
}

// appendObject names an object that has no path.
func appendObject(dst []byte, f uapi.File) []byte {
	dst = append(dst, "inode:"...)
	dst = appendPair(dst, uint64(f.DevMajor), ':', uint64(f.DevMinor))
	dst = append(dst, ':')
	return strconv.AppendUint(dst, f.Inode, 10)
}

func appendPair(dst []byte, a uint64, sep byte, b uint64) []byte {
	dst = strconv.AppendUint(dst, a, 10)
	dst = append(dst, sep)
	return strconv.AppendUint(dst, b, 10)
}

// doubtful are the flags without which a reader would take the line for more
// than it is.
const doubtful = uapi.FlagPathTruncated | uapi.FlagPathUnresolved | uapi.FlagPath2Truncated | uapi.FlagPath2Unresolved |
	uapi.FlagUnlinked | uapi.FlagCoalesced | uapi.FlagObjectUnknown | uapi.FlagOverlayLower

func (l *Line) doubts(dst []byte, r uapi.Record) []byte {
	f := r.Flags() & doubtful
	if f == 0 {
		return dst
	}
	return l.paint(append(dst, ' '), yellow, func(dst []byte) []byte {
		dst = append(dst, '(')
		dst = append(dst, f.String()...)
		return append(dst, ')')
	})
}

func (l *Line) result(dst []byte, r uapi.Record) []byte {
	io, ok := r.IO()
	if !ok || r.Type() == uapi.ProcExit {
		return dst
	}
	dst = append(dst, " = "...)
	if io.Result >= 0 {
		return strconv.AppendInt(dst, io.Result, 10)
	}
	return l.paint(dst, red, func(dst []byte) []byte { return append(dst, io.Errno().String()...) })
}

func (l *Line) lost(dst []byte, r uapi.Record) []byte {
	return l.paint(dst, alarm, func(dst []byte) []byte {
		dst = append(dst, "######## LOST "...)
		lost, ok := r.Lost()
		if !ok {
			return append(dst, "an unknown number of records ########"...)
		}
		if lost.Count == 0 {
			dst = append(dst, "an unknown number of"...)
		} else {
			dst = strconv.AppendUint(dst, lost.Count, 10)
		}
		dst = append(dst, " records ########  cause "...)
		dst = append(dst, lost.Cause.String()...)
		if lost.First != 0 {
			dst = append(dst, ", numbers "...)
			dst = strconv.AppendUint(dst, lost.First, 10)
			dst = append(dst, " to "...)
			dst = strconv.AppendUint(dst, lost.Last, 10)
		}
		if lost.CPU == uapi.SeveralCPUs {
			return append(dst, ", several CPUs"...)
		}
		dst = append(dst, ", CPU "...)
		return strconv.AppendUint(dst, uint64(lost.CPU), 10)
	})
}
