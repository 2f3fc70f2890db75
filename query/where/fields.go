// SPDX-License-Identifier: Apache-2.0

package where

import (
	"bytes"
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"vexj/internal/glossary"
	"vexj/uapi"
)

// A Field is a name that an expression may use.
type Field struct {
	Name string
	Type string // in CEL's words
	Doc  string // of package glossary

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
	text("type", word, func(r uapi.Record) string { return r.Type().String() }),
	text("category", word, func(r uapi.Record) string { return r.Type().Category().String() }),
	text("via", word, func(r uapi.Record) string { return r.Subtype().Via().String() }),
	field(timeField, "timestamp", cel.TimestampType, 0, 0, nil,
		func(s *space) ref.Val { return types.Timestamp{Time: s.time} }),
	text("path", uapi.MaxPath, func(r uapi.Record) string { return string(r.Path()) }),
	text("path2", uapi.MaxPath, func(r uapi.Record) string { return string(r.Path2()) }),
	text("name", 1<<16, func(r uapi.Record) string { return string(r.Name()) }),
	number("pid", func(r uapi.Record) int64 { return int64(r.PID()) }),
	number("tid", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.TID) }),
	number("ppid", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.PPID) }),
	number("uid", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.UID) }),
	number("gid", func(r uapi.Record) int64 { t, _ := r.Task(); return int64(t.GID) }),
	text("comm", 16, func(r uapi.Record) string { return string(r.Comm()) }),
	id("cgroup", func(r uapi.Record) uint64 { t, _ := r.Task(); return t.CgroupID }),
	list("argv", 1<<15, 1<<16, func(r uapi.Record) []string { return words(r.Argv()) }),
	number("result", func(r uapi.Record) int64 { o, _ := r.IO(); return o.Result }),
	text("errno", word, errno),
	flag("failed", func(r uapi.Record) bool { return r.Flags().Has(uapi.FlagFailed) }),
	number("offset", func(r uapi.Record) int64 { o, _ := r.IO(); return o.Offset }),
	number("length", func(r uapi.Record) int64 { o, _ := r.IO(); return clamp(o.Length) }),
	field("duration", "duration", cel.DurationType, 0, 0, nil,
		func(s *space) ref.Val {
			o, _ := s.rec.IO()
			return types.Duration{Duration: time.Duration(clamp(o.Duration))}
		}),
	id("inode", func(r uapi.Record) uint64 { f, _ := r.File(); return f.Inode }),
	text("dev", word, dev),
	number("mode", func(r uapi.Record) int64 { f, _ := r.File(); return int64(f.Mode) }),
	number("size", func(r uapi.Record) int64 { f, _ := r.File(); return clamp(f.Size) }),
	number("nlink", func(r uapi.Record) int64 { f, _ := r.File(); return int64(f.Nlink) }),
	text("agent", 1<<16, func(r uapi.Record) string { return attrText(r, uapi.AttrAgentID) }),
	id("session", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrSession); return n }),
	text("intent", 1<<16, func(r uapi.Record) string { return attrText(r, uapi.AttrAgentIntent) }),
	number("confidence", func(r uapi.Record) int64 { n, _ := r.U32(uapi.AttrAgentConfidence); return int64(n) }),
	list("tags", 1<<15, 1<<16, func(r uapi.Record) []string { v, _ := r.Attr(uapi.AttrTags); return Tags(v) }),
	number("relevance", func(r uapi.Record) int64 { return int64(r.Relevance()) }),
	number("priority", func(r uapi.Record) int64 { return int64(r.Priority()) }),
	list("flags", 32, word, flagWords),
	id("id", uapi.Record.EventID),
	id("parent", uapi.Record.Parent),
	id("root", uapi.Record.RootCause),
	id("transaction", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrTransaction); return n }),
	id("chain", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrChain); return n }),
	id("visibility", uapi.Record.VisibilityMask),
	text("producer", word, func(r uapi.Record) string { return r.Producer().String() }),
	number("cpu", func(r uapi.Record) int64 { return int64(r.CPU()) }),
	id("vector", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrVectorID); return n }),
	id("node", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrGraphNode); return n }),
	id("edge", func(r uapi.Record) uint64 { n, _ := r.U64(uapi.AttrGraphEdge); return n }),
	list("attrs", 1<<14, word, attrNames),
}

func field(name, typ string, celType *cel.Type, size, element uint64, of any, get func(*space) ref.Val) Field {
	f := Field{Name: name, Type: typ, celType: celType, of: of, get: get, size: size, element: element}
	if e := glossary.Where(name); e != nil {
		f.Doc = e.Doc
	}
	return f
}

func text(name string, size uint64, of func(uapi.Record) string) Field {
	return field(name, "string", cel.StringType, size, 0, of, func(s *space) ref.Val { return types.String(of(s.rec)) })
}

func number(name string, of func(uapi.Record) int64) Field {
	return field(name, "int", cel.IntType, 0, 0, of, func(s *space) ref.Val { return types.Int(of(s.rec)) })
}

// id is for numbers that name something and may need all 64 bits.
func id(name string, of func(uapi.Record) uint64) Field {
	return field(name, "uint", cel.UintType, 0, 0, of, func(s *space) ref.Val { return types.Uint(of(s.rec)) })
}

func flag(name string, of func(uapi.Record) bool) Field {
	return field(name, "bool", cel.BoolType, 0, 0, of, func(s *space) ref.Val { return types.Bool(of(s.rec)) })
}

func list(name string, size, element uint64, of func(uapi.Record) []string) Field {
	return field(name, "list(string)", cel.ListType(cel.StringType), size, element, of,
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
