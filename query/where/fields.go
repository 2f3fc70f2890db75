// SPDX-License-Identifier: Apache-2.0

package where

import (
	"bytes"
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"vexj/uapi"
)

// A Field is a name that an expression may use.
type Field struct {
	Name string
	Type string // in CEL's words
	Doc  string

	celType *cel.Type
	of      any // the function that gets it from a record: a string, number, bool or list
	get     func(*space) ref.Val
	size    uint64 // at most: bytes of a string, elements of a list
	element uint64 // bytes of an element
}

const timeField = "time"

// word bounds what is not somebody's text.
const word = 64

// Fields are all of them, in the order in which they are best explained.
func Fields() []Field { return fields[:] }

var byName = func() map[string]*Field {
	m := make(map[string]*Field, len(fields))
	for i := range fields {
		m[fields[i].Name] = &fields[i]
	}
	return m
}()

var fields = [...]Field{
	text("type", "what happened: write, rename, exec, sem-intent ...", word, func(r uapi.Record) string { return r.Type().String() }),
	text("category", "its family: filesystem, process, agent ...", word, func(r uapi.Record) string { return r.Type().Category().String() }),
	text("via", "how it came about: call, mmap, splice, uring ...", word, func(r uapi.Record) string { return r.Subtype().Via().String() }),
	field(timeField, "timestamp", cel.TimestampType, "when; compare with timestamp(\"2026-03-01T12:00:00Z\")", 0, 0, nil,
		func(s *space) ref.Val { return types.Timestamp{Time: s.time} }),
	text("path", "the path acted upon", uapi.MaxPath, func(r uapi.Record) string { return string(r.Path()) }),
	text("path2", "the second path: where to, or a link's target", uapi.MaxPath, func(r uapi.Record) string { return string(r.Path2()) }),
	text("name", "the extended attribute's name", 1<<16, func(r uapi.Record) string { return string(r.Name()) }),
	number("pid", "the acting process", func(r uapi.Record) int64 { return int64(r.PID()) }),
	number("tid", "the acting thread", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.TID) }),
	number("ppid", "the parent of the process", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.PPID) }),
	number("uid", "the user: fsuid", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.UID) }),
	number("gid", "the group: fsgid", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.GID) }),
	text("comm", "the program's name, as the kernel keeps it", 16, func(r uapi.Record) string { return string(r.Comm()) }),
	id("cgroup", "id of the control group", func(r uapi.Record) uint64 { t, _ := r.Task(); return t.CgroupID }),
	list("argv", "arguments of an exec", 1<<15, 1<<16, func(r uapi.Record) []string { return words(r.Argv()) }),
	number("result", "bytes done, or another value, or a negative errno", func(r uapi.Record) int64 { o, _ := r.IO(); return o.Result }),
	text("errno", "name of the error, \"\" if there was none", word, errno),
	flag("failed", "the operation failed", func(r uapi.Record) bool { return r.Flags().Has(uapi.FlagFailed) }),
	number("offset", "where in the file; -1: nowhere", func(r uapi.Record) int64 { o, _ := r.IO(); return o.Offset }),
	number("length", "bytes asked for", func(r uapi.Record) int64 { o, _ := r.IO(); return clamp(o.Length) }),
	field("duration", "duration", cel.DurationType, "of the operation; compare with duration(\"5ms\")", 0, 0, nil,
		func(s *space) ref.Val {
			o, _ := s.rec.IO()
			return types.Duration{Duration: time.Duration(clamp(o.Duration))}
		}),
	id("inode", "of the object", func(r uapi.Record) uint64 { f, _ := r.File(); return f.Inode }),
	text("dev", "its device: \"8:1\"", word, dev),
	number("mode", "type and permissions: mode % 512 == 493 is rwxr-xr-x", func(r uapi.Record) int64 { f, _ := r.File(); return int64(f.Mode) }),
	number("size", "of the file, in bytes, after the operation", func(r uapi.Record) int64 { f, _ := r.File(); return clamp(f.Size) }),
	number("nlink", "its hard links", func(r uapi.Record) int64 { f, _ := r.File(); return int64(f.Nlink) }),
	text("agent", "the agent id", 1<<16, func(r uapi.Record) string { return attrText(r, uapi.AttrAgentID) }),
	id("session", "the session's number", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrSession); return n }),
	text("intent", "what an agent said it would do", 1<<16, func(r uapi.Record) string { return attrText(r, uapi.AttrAgentIntent) }),
	number("confidence", "of the agent, in percent", func(r uapi.Record) int64 { n, _ := r.U32(uapi.AttrAgentConfidence); return int64(n) }),
	list("tags", "the record's tags", 1<<15, 1<<16, func(r uapi.Record) []string { v, _ := r.Attr(uapi.AttrTags); return Tags(v) }),
	number("relevance", "0 to 100", func(r uapi.Record) int64 { return int64(r.Relevance()) }),
	number("priority", "1, critical, to 5, background", func(r uapi.Record) int64 { return int64(r.Priority()) }),
	list("flags", "event flags that are set: \"failed\" in flags", 32, word, flagWords),
	id("id", "the event id", uapi.Record.EventID),
	id("parent", "event id of the cause; 0u: none", uapi.Record.Parent),
	id("root", "event id of the first cause", uapi.Record.RootCause),
	id("transaction", "", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrTransaction); return n }),
	id("chain", "causality chain", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrChain); return n }),
	id("visibility", "the agent visibility mask", uapi.Record.VisibilityMask),
	text("producer", "what made the record", word, func(r uapi.Record) string { return r.Producer().String() }),
	number("cpu", "where it was made", func(r uapi.Record) int64 { return int64(r.CPU()) }),
	id("vector", "vector id", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrVectorID); return n }),
	id("node", "graph node", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrGraphNode); return n }),
	id("edge", "graph edge", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrGraphEdge); return n }),
	list("attrs", "names of the attributes that the record has: \"io\" in attrs", 1<<14, word, attrNames),
}

func field(name, typ string, celType *cel.Type, doc string, size, element uint64, of any, get func(*space) ref.Val) Field {
	return Field{Name: name, Type: typ, Doc: doc, celType: celType, of: of, get: get, size: size, element: element}
}

func text(name, doc string, size uint64, of func(uapi.Record) string) Field {
	return field(name, "string", cel.StringType, doc, size, 0, of, func(s *space) ref.Val { return types.String(of(s.rec)) })
}

func number(name, doc string, of func(uapi.Record) int64) Field {
	return field(name, "int", cel.IntType, doc, 0, 0, of, func(s *space) ref.Val { return types.Int(of(s.rec)) })
}

// id is for numbers that name something and may need all 64 bits.
func id(name, doc string, of func(uapi.Record) uint64) Field {
	return field(name, "uint", cel.UintType, doc, 0, 0, of, func(s *space) ref.Val { return types.Uint(of(s.rec)) })
}

func flag(name, doc string, of func(uapi.Record) bool) Field {
	return field(name, "bool", cel.BoolType, doc, 0, 0, of, func(s *space) ref.Val { return types.Bool(of(s.rec)) })
}

func list(name, doc string, size, element uint64, of func(uapi.Record) []string) Field {
	return field(name, "list(string)", cel.ListType(cel.StringType), doc, size, element, of,
		func(s *space) ref.Val { return types.NewStringList(types.DefaultTypeAdapter, of(s.rec)) })
}

// clamp keeps a number that no file or clock reaches from turning negative.
func clamp(n uint64) int64 { return int64(min(n, 1<<63-1)) }

func attrText(r uapi.Record, tag uapi.Tag) string {
	v, _ := r.Attr(tag)
	return string(v)
}

func errno(r uapi.Record) string {
	o, ok := r.IO()
	if !ok || o.Result >= 0 || !r.Flags().Has(uapi.FlagFailed) {
		return ""
	}
	return o.Errno().String()
}

func dev(r uapi.Record) string {
	f, ok := r.File()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d", f.DevMajor, f.DevMinor)
}

// words are what NULs part.
func words(b []byte) (list []string) {
	b = bytes.TrimSuffix(b, []byte{0})
	for len(b) > 0 {
		w, rest, more := bytes.Cut(b, []byte{0})
		list = append(list, string(w))
		if b = rest; more && len(b) == 0 {
			list = append(list, "")
		}
	}
	return list
}

func flagWords(r uapi.Record) (list []string) {
	for f := r.Flags(); f != 0; f &= f - 1 {
		list = append(list, (f & -f).String())
	}
	return list
}

func attrNames(r uapi.Record) (list []string) {
	for tag := range r.Attrs() {
		list = append(list, tag.String())
	}
	return list
}
