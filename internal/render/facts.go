// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"vexj/internal/quote"
	"vexj/uapi"
)

// appendFacts appends what a reader of this type of record asks first, each
// fact with a space before it.
func appendFacts(dst []byte, r uapi.Record) []byte {
	t, sub := r.Type(), r.Subtype()
	if kind := sub.Kind(); kind != 0 {
		dst = append(dst, ' ')
		dst = append(dst, sub.KindName(t)...)
	}
	switch t {
	case uapi.FSOpen:
		dst = appendOpen(dst, r)
	case uapi.FSCreate, uapi.FSMkdir, uapi.FSChmod:
		dst = appendMode(dst, r)
	case uapi.FSMknod:
		dst = appendNode(dst, r)
	case uapi.FSChown:
		dst = appendOwner(dst, r)
	case uapi.FSUtimes:
		dst = appendTimes(dst, r)
	case uapi.FSRead, uapi.FSWrite, uapi.FSFallocate, uapi.FSMmapWrite:
		dst = appendSize(appendRange(dst, r), r)
	case uapi.FSTruncate:
		if io, ok := r.IO(); ok {
			dst = appendFact(dst, " to=", io.Length)
		}
	case uapi.FSLock:
		dst = appendLock(appendRange(dst, r), r)
	case uapi.FSSetxattr, uapi.FSRemovexattr, uapi.FSGetxattr:
		dst = appendXattr(dst, r)
	case uapi.ProcFork:
		dst = appendChild(dst, r)
	case uapi.ProcExec:
		dst = appendList(dst, " argv=[", r.Argv())
		// A claim, and never to be taken for what was observed.
		dst = appendList(dst, " declared=[", r.Declared())
	case uapi.ProcExit:
		dst = appendExit(dst, r)
	case uapi.SysProducerStart, uapi.SysProducerStop:
		dst = appendProducer(dst, r)
	case uapi.SysRemoved:
		dst = appendRemoved(dst, r)
	case uapi.VectorCreate, uapi.VectorUpdate, uapi.VectorDelete, uapi.VectorSearch, uapi.VectorIndex,
		uapi.VectorSimilarity, uapi.VectorCluster, uapi.VectorEmbed:
		dst = appendVector(dst, r)
	case uapi.SysClock:
		if c, ok := r.Clock(); ok {
			dst = append(dst, " realtime="...)
			dst = time.Unix(0, int64(c.Realtime)).UTC().AppendFormat(dst, time.RFC3339Nano)
		}
	case uapi.SysLegacy:
		if l, ok := r.Legacy(); ok {
			dst = append(append(append(append(dst, ' '), l.Format.String()...), ' '), l.Part.String()...)
			dst = appendFact(appendFact(dst, " offset=", l.Offset), " size=", l.Size)
		}
	}
	if via := sub.Via(); via != uapi.ViaCall {
		dst = append(dst, " via="...)
		dst = append(dst, via.String()...)
	}
	return appendAttribution(dst, r)
}

func appendRemoved(dst []byte, r uapi.Record) []byte {
	a, ok := r.Removed()
	if !ok {
		return dst
	}
	dst = appendFact(appendFact(dst, " ordinals ", a.First), " to ", a.Last)
	dst = appendFact(appendFact(dst, " records=", a.Records), " bytes=", a.Bytes)
	sep := " reason="
	for word := range removedWords(a.Reason) {
		dst = append(append(dst, sep...), word...)
		sep = "|"
	}
	if a.Owed > 0 {
		dst = appendFact(dst, " owed-to=", uint64(a.Owed))
	}
	return dst
}

func appendFact(dst []byte, name string, v uint64) []byte {
	return strconv.AppendUint(append(dst, name...), v, 10)
}

func appendOctal(dst []byte, name string, v uint32) []byte {
	dst = append(dst, name...)
	dst = append(dst, '0')
	return strconv.AppendUint(dst, uint64(v), 8)
}

func appendRange(dst []byte, r uapi.Record) []byte {
	io, ok := r.IO()
	if !ok {
		return dst
	}
	dst = append(dst, ' ')
	if io.Offset >= 0 {
		dst = strconv.AppendInt(dst, io.Offset, 10)
	}
	return appendFact(dst, "+", io.Length)
}

func appendSize(dst []byte, r uapi.Record) []byte {
	f, ok := r.File()
	if !ok || f.Mode&unix.S_IFMT != unix.S_IFREG {
		return dst
	}
	return appendFact(dst, " size=", f.Size)
}

func appendMode(dst []byte, r uapi.Record) []byte {
	if f, ok := r.File(); ok {
		return appendOctal(dst, " mode=", f.Mode&0o7777)
	}
	if o, ok := r.Open(); ok {
		return appendOctal(dst, " mode=", o.Mode&0o7777)
	}
	return dst
}

// KindOf is the kind of object that a mode bears, "" if it bears none.
func KindOf(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "directory"
	case unix.S_IFLNK:
		return "symlink"
	case unix.S_IFCHR:
		return "char"
	case unix.S_IFBLK:
		return "block"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	}
	return ""
}

func appendNode(dst []byte, r uapi.Record) []byte {
	if f, ok := r.File(); ok && KindOf(f.Mode) != "" {
		dst = append(dst, ' ')
		dst = append(dst, KindOf(f.Mode)...)
	}
	if d, ok := r.Rdev(); ok {
		dst = append(dst, ' ')
		dst = appendPair(dst, uint64(d.Major), ':', uint64(d.Minor))
	}
	return appendMode(dst, r)
}

const unchanged = ^uint32(0)

func appendOwner(dst []byte, r uapi.Record) []byte {
	o, ok := r.Owner()
	if !ok {
		return dst
	}
	dst = append(dst, " owner="...)
	if o.UID != unchanged {
		dst = strconv.AppendUint(dst, uint64(o.UID), 10)
	}
	dst = append(dst, ':')
	if o.GID != unchanged {
		dst = strconv.AppendUint(dst, uint64(o.GID), 10)
	}
	return dst
}

func appendTimes(dst []byte, r uapi.Record) []byte {
	if t, ok := r.Times(); ok {
		dst = append(dst, " mtime="...)
		return time.Unix(0, t.Mtime).UTC().AppendFormat(dst, time.RFC3339Nano)
	}
	return dst
}

func appendLock(dst []byte, r uapi.Record) []byte {
	k, ok := r.Lock()
	if !ok {
		return dst
	}
	dst = append(dst, ' ')
	if name := k.CommandName(); name != "" {
		dst = append(dst, name...)
	} else {
		dst = appendFact(dst, "command=", uint64(k.Command))
	}
	if k.Blocking != 0 {
		dst = append(dst, " waits"...)
	}
	return dst
}

func appendXattr(dst []byte, r uapi.Record) []byte {
	if name := r.Name(); name != nil {
		dst = append(dst, " name="...)
		dst = quote.Append(dst, name)
	}
	if io, ok := r.IO(); ok && r.Type() == uapi.FSSetxattr {
		dst = appendFact(dst, " length=", io.Length)
	}
	return dst
}

func appendProducer(dst []byte, r uapi.Record) []byte {
	p, ok := r.ProducerCounts()
	if !ok {
		return dst
	}
	dst = append(dst, " producer="...)
	dst = append(dst, p.Producer.String()...)
	if r.Type() == uapi.SysProducerStop {
		dst = appendFact(dst, " attempted=", p.Attempted)
		dst = appendFact(dst, " recorded=", p.Recorded)
		dst = appendFact(dst, " lost=", p.Lost)
		return appendFact(dst, " filtered=", p.Filtered)
	}
	if text, ok := r.Attr(uapi.AttrCoverage); ok {
		sep := " uncovered: "
		for line := range bytes.SplitSeq(bytes.TrimSpace(text), []byte{'\n'}) {
			dst = append(dst, sep...)
			dst = quote.AppendText(dst, line)
			sep = "; "
		}
	}
	return dst
}

// appendAttribution says for which agent something was done, and with which
// intent. Any record can bear it.
func appendAttribution(dst []byte, r uapi.Record) []byte {
	for tag, v := range r.Attrs() {
		switch tag {
		case uapi.AttrAgentID:
			dst = quote.Append(append(dst, " agent="...), v)
		case uapi.AttrAgentIntent, uapi.AttrSemIntent:
			dst = quote.Append(append(dst, " intent="...), v)
		case uapi.AttrSession:
			dst = appendFact(dst, " session=", binary.LittleEndian.Uint64(v))
		}
	}
	return dst
}
