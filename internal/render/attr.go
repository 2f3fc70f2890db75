// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"iter"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vexj/internal/quote"
	"vexj/uapi"
)

// attr adds one attribute. One whose size is not that of its tag is added as
// bytes under the number of the tag, like an unknown one.
func (j *fields) attr(r uapi.Record, tag uapi.Tag, v []byte) {
	if size, fixed := tag.Size(); !tag.Known() || fixed && size != len(v) {
		j.bytes("attr_"+strconv.Itoa(int(tag)), v)
		return
	}
	switch tag {
	case uapi.AttrPath:
		j.text("path", v)
	case uapi.AttrPath2:
		j.text("path2", v)
	case uapi.AttrArgv:
		j.list("argv", v)
	case uapi.AttrDeclared:
		j.list("declared", v)
	case uapi.AttrValue:
		j.bytes("value", v)
	case uapi.AttrCoverage:
		j.coverage(v)
	case uapi.AttrLegacyFix:
		j.bytes("legacy_fix", v)
	case uapi.AttrVectorMetric:
		m, _ := r.U32(tag)
		j.word("vector_metric", uapi.Metric(m).String())
	case uapi.AttrResults:
		j.results(r)
	case uapi.AttrFile:
		f, _ := r.File()
		j.file("file", f)
	case uapi.AttrFile2:
		f, _ := r.File2()
		j.file("file2", f)
	default:
		if !j.structured(r, tag) {
			j.scalar(r, tag, v)
		}
	}
}

// members are the names of known tags in objects.
var members = func() []string {
	tags := uapi.Tags()
	names := make([]string, tags[len(tags)-1]+1)
	for _, t := range tags {
		names[t] = strings.ReplaceAll(t.String(), "-", "_")
	}
	return names
}()

// scalar adds the attributes that are a number or a text.
func (j *fields) scalar(r uapi.Record, tag uapi.Tag, v []byte) {
	name := members[tag]
	switch size, _ := tag.Size(); size {
	case 4:
		n, _ := r.U32(tag)
		j.uint(name, uint64(n))
	case 8:
		n, _ := r.U64(tag)
		j.uint(name, n)
	default: // a text may have as many bytes as a number
		j.text(name, v)
	}
}

func (j *fields) structured(r uapi.Record, tag uapi.Tag) bool {
	var member func()
	switch tag {
	case uapi.AttrTask:
		member = func() { t, _ := r.Task(); j.task(t) }
	case uapi.AttrIO:
		member = func() { io, _ := r.IO(); j.io(io) }
	case uapi.AttrParent:
		member = func() { p, _ := r.Parents(); j.uint("inode", p.Inode); j.uint("inode2", p.Inode2) }
	case uapi.AttrOpen:
		member = func() { o, _ := r.Open(); j.open(o) }
	case uapi.AttrOwner:
		member = func() { o, _ := r.Owner(); j.owner(o) }
	case uapi.AttrTimes:
		member = func() { t, _ := r.Times(); j.time("atime", t.Atime); j.time("mtime", t.Mtime) }
	case uapi.AttrChild:
		member = func() { c, _ := r.Child(); j.child(c) }
	case uapi.AttrRdev:
		member = func() { d, _ := r.Rdev(); j.uint("major", uint64(d.Major)); j.uint("minor", uint64(d.Minor)) }
	case uapi.AttrLock:
		member = func() { k, _ := r.Lock(); j.lock(k) }
	case uapi.AttrLost:
		member = func() { l, _ := r.Lost(); j.lost(l) }
	case uapi.AttrProducer:
		member = func() { p, _ := r.ProducerCounts(); j.producer(p) }
	case uapi.AttrRemoved:
		member = func() { a, _ := r.Removed(); j.removed(a) }
	case uapi.AttrClock:
		member = func() { c, _ := r.Clock(); j.clock(c) }
	case uapi.AttrLegacy:
		member = func() { l, _ := r.Legacy(); j.legacy(l) }
	case uapi.AttrSearch:
		member = func() { s, _ := r.Search(); j.search(s) }
	case uapi.AttrPart:
		member = func() { p, _ := r.Part(); j.uint("offset", uint64(p.Offset)); j.uint("size", uint64(p.Size)) }
	case uapi.AttrSimilarity:
		member = func() { s, _ := r.Similarity(); j.uint("other", s.Other); j.float("distance", s.Distance) }
	case uapi.AttrCluster:
		member = func() { c, _ := r.Cluster(); j.cluster(c) }
	default:
		return false
	}
	name := tag.String()
	if tag == uapi.AttrProducer {
		name = "producer_counts" // "producer" is the record's own
	}
	if tag == uapi.AttrParent {
		name = "directory" // "parent" is the event's
	}
	j.key(name)
	j.object(member)
	return true
}

func (j *fields) task(t uapi.Task) {
	j.uint("tid", uint64(t.TID))
	j.uint("ppid", uint64(t.PPID))
	j.uint("uid", uint64(t.UID))
	j.uint("gid", uint64(t.GID))
	j.uint("start_time", t.StartTime)
	j.uint("cgroup", t.CgroupID)
	j.uint("mnt_ns", uint64(t.MntNS))
	j.uint("pid_ns", uint64(t.PidNS))
	j.text("comm", t.Command())
}

func (j *fields) file(name string, f uapi.File) {
	j.key(name)
	j.object(func() {
		j.pair("dev", f.DevMajor, f.DevMinor)
		j.uint("inode", f.Inode)
		j.uint("generation", uint64(f.Generation))
		j.octal("mode", f.Mode)
		if kind := KindOf(f.Mode); kind != "" {
			j.word("kind", kind)
		}
		j.uint("size", f.Size)
		j.uint("nlink", uint64(f.Nlink))
	})
}

func (j *fields) io(io uapi.IO) {
	if io.Offset != uapi.NoOffset {
		j.int("offset", io.Offset)
	}
	j.uint("length", io.Length)
	j.int("result", io.Result)
	if io.Result < 0 {
		j.word("error", io.Errno().String())
	}
	if io.Duration != 0 {
		j.uint("duration", io.Duration)
	}
}

func (j *fields) open(o uapi.Open) {
	j.array("flags", func() {
		openWords(o.Flags, func(word string) {
			j.element()
			j.dst = quote.AppendJSON(j.dst, []byte(word))
		})
	})
	j.octal("mode", o.Mode&^unix.S_IFMT)
	j.int("fd", int64(o.FD))
}

func (j *fields) owner(o uapi.Owner) {
	if o.UID != unchanged {
		j.uint("uid", uint64(o.UID))
	}
	if o.GID != unchanged {
		j.uint("gid", uint64(o.GID))
	}
}

func (j *fields) time(name string, ns int64) {
	j.key(name)
	j.dst = append(j.dst, '"')
	j.dst = time.Unix(0, ns).UTC().AppendFormat(j.dst, "2006-01-02T15:04:05.000000000Z")
	j.dst = append(j.dst, '"')
}

func (j *fields) child(c uapi.Child) {
	j.uint("pid", uint64(c.PID))
	j.uint("tid", uint64(c.TID))
	j.key("thread")
	j.dst = strconv.AppendBool(j.dst, c.Thread != 0)
}

func (j *fields) lock(k uapi.Lock) {
	if name := k.CommandName(); name != "" {
		j.word("command", name)
	} else {
		j.word("command", strconv.FormatUint(uint64(k.Command), 10))
	}
	j.key("waits")
	j.dst = strconv.AppendBool(j.dst, k.Blocking != 0)
}

func (j *fields) lost(l uapi.Lost) {
	j.uint("count", l.Count)
	j.uint("first", l.First)
	j.uint("last", l.Last)
	j.word("cause", l.Cause.String())
	if l.CPU != uapi.SeveralCPUs {
		j.uint("cpu", uint64(l.CPU))
	}
}

func (j *fields) producer(p uapi.ProducerAttr) {
	j.word("producer", p.Producer.String())
	j.id("id_base", p.IDBase)
	j.uint("attempted", p.Attempted)
	j.uint("recorded", p.Recorded)
	j.uint("lost", p.Lost)
	j.uint("filtered", p.Filtered)
}

func (j *fields) removed(a uapi.Removed) {
	j.uint("first", a.First)
	j.uint("last", a.Last)
	j.uint("records", a.Records)
	j.uint("bytes", a.Bytes)
	j.array("reason", func() {
		for word := range removedWords(a.Reason) {
			j.element()
			j.dst = quote.AppendJSON(j.dst, []byte(word))
		}
	})
	j.uint("owed", uint64(a.Owed))
}

// removedReasons are the words for [uapi.Removed].Reason, by bit.
var removedReasons = [...]string{"size", "age", "forced", "archive"}

// removedWords are the reasons why records were removed.
func removedWords(reason uint32) iter.Seq[string] {
	return func(yield func(string) bool) {
		for bit, word := range removedReasons {
			if reason>>bit&1 != 0 && !yield(word) {
				return
			}
		}
	}
}

func (j *fields) clock(c uapi.Clock) {
	j.uint("boottime", c.Boottime)
	j.time("realtime", int64(c.Realtime))
	j.key("boot_id")
	j.dst = append(j.dst, '"')
	j.dst = append(appendUUID(j.dst, c.BootID), '"')
}

func (j *fields) legacy(l uapi.Legacy) {
	j.word("format", l.Format.String())
	j.word("part", l.Part.String())
	j.uint("offset", l.Offset)
	j.uint("size", l.Size)
	j.uint("at", l.At)
	j.uint("layout", uint64(l.Layout))
	j.uint("encoding", uint64(l.Encoding))
	j.uint("compression", uint64(l.Compression))
	j.uint("flags", uint64(l.Flags))
}

func appendUUID(dst []byte, id [16]byte) []byte {
	const digits = "0123456789abcdef"
	for i, c := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

// list adds texts with NULs between them. If JSON cannot carry one of them,
// name_bytes has the attribute as it is.
func (j *fields) list(name string, v []byte) {
	valid := quote.Valid(v)
	j.array(name, func() {
		if len(v) == 0 {
			return
		}
		for one := range bytes.SplitSeq(bytes.TrimSuffix(v, []byte{0}), []byte{0}) {
			j.element()
			if !quote.Valid(one) {
				one = quote.AppendText(nil, one)
			}
			j.dst = quote.AppendJSON(j.dst, one)
		}
	})
	if !valid {
		j.bytes(name+"_bytes", v)
	}
}

func (j *fields) coverage(v []byte) {
	j.array("uncovered", func() {
		for line := range bytes.SplitSeq(v, []byte{'\n'}) {
			if len(line) > 0 {
				j.element()
				j.dst = quote.AppendJSON(j.dst, line)
			}
		}
	})
}
