// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/base64"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"vexj/internal/quote"
	"vexj/uapi"
)

// Object formats records as JSON objects. The schema stands in vexjctl(8) and
// only ever grows.
type Object struct {
	stamp *Stamp
}

// NewObject makes objects; their times are UTC.
func NewObject() *Object {
	return &Object{NewStamp("2006-01-02T15:04:05", time.UTC, 9)}
}

// Append appends one object without a newline.
func (o *Object) Append(dst []byte, e Entry) []byte {
	r := e.Rec
	j := fields{dst: append(dst, '{')}
	j.uint("ordinal", e.Ordinal)
	j.id("id", r.EventID())
	j.key("time")
	j.dst = append(o.stamp.Append(append(j.dst, '"'), e.Wall), `Z"`...)
	j.uint("ktime", r.Ktime())
	j.word("type", r.Type().String())
	j.word("category", r.Type().Category().String())
	j.subtype(r)
	j.word("producer", r.Producer().String())
	j.uint("cpu", uint64(r.CPU()))
	j.uint("pid", uint64(r.PID()))
	j.uint("sequence", r.Sequence())
	j.uint("global_sequence", r.GlobalSequence())
	j.header(r)
	for tag, v := range r.Attrs() {
		j.attr(r, tag, v)
	}
	j.end(r)
	j.opaque(r)
	j.links(r)
	return append(j.dst, '}')
}

// opaque adds the parts of which nothing is known but their bytes.
func (j *fields) opaque(r uapi.Record) {
	if r.Version() != uapi.Version {
		j.bytes("context", r.Context())
	}
	if r.PayloadSize() > 0 {
		j.bytes("payload", r.Payload())
	}
	if r.MetadataSize() > 0 {
		j.bytes("metadata", r.Metadata())
	}
}

// subtype adds what the two halves of the event subtype mean.
func (j *fields) subtype(r uapi.Record) {
	s := r.Subtype()
	if s == 0 {
		return
	}
	j.uint("subtype", uint64(s))
	if s.Via() != uapi.ViaCall {
		j.word("via", s.Via().String())
	}
	if s.Kind() != 0 {
		j.word("kind", s.KindName(r.Type()))
	}
}

// header adds the fields that most records have nothing in.
func (j *fields) header(r uapi.Record) {
	if v := r.LocalSequence(); v != 0 {
		j.uint("local_sequence", v)
	}
	if f := r.Flags(); f != 0 {
		j.array("flags", func() {
			for bit := range 32 {
				if one := f & (1 << bit); one != 0 {
					j.element()
					j.dst = quote.AppendJSON(j.dst, []byte(one.String()))
				}
			}
		})
	}
	j.word("priority", r.Priority().String())
	j.version(r)
	if id := r.Parent(); id != 0 {
		j.id("parent", id)
	}
	if id := r.RootCause(); id != 0 && id != r.EventID() {
		j.id("root_cause", id)
	}
	if m := r.VisibilityMask(); m != ^uint64(0) {
		j.id("visibility", m)
	}
	if v := r.Relevance(); v != 0 {
		j.uint("relevance", uint64(v))
	}
	if v := r.ReplayPriority(); v != 0 {
		j.uint("replay_priority", uint64(v))
	}
}

// version adds the fields that are of version 1 alone.
func (j *fields) version(r uapi.Record) {
	if v := r.Version(); v != uapi.Version {
		j.uint("version", uint64(v))
	}
	if v := r.Checksum(); v != 0 {
		j.uint("checksum", uint64(v))
	}
	if v := r.Compression(); v != 0 {
		j.uint("compression", uint64(v))
	}
	if v := r.Encryption(); v != 0 {
		j.uint("encryption", uint64(v))
	}
}

// end adds how a process ended: io.result alone is a wait status.
func (j *fields) end(r uapi.Record) {
	io, ok := r.IO()
	if !ok || r.Type() != uapi.ProcExit {
		return
	}
	status := unix.WaitStatus(io.Result)
	if !status.Signaled() {
		j.uint("exit_code", uint64(status.ExitStatus()))
		return
	}
	j.word("exit_signal", signalName(status.Signal()))
	if status.CoreDump() {
		j.key("core_dumped")
		j.dst = append(j.dst, "true"...)
	}
}

func (j *fields) links(r uapi.Record) {
	if r.LinkCount() == 0 {
		return
	}
	j.array("links", func() {
		for i := range r.LinkCount() {
			l := r.Link(i)
			j.element()
			j.object(func() {
				j.id("cause", l.Cause)
				j.id("effect", l.Effect)
				j.uint("type", uint64(l.Type))
				j.uint("strength", uint64(l.Strength))
				j.uint("delay", l.Delay)
				j.text("description", l.Text())
			})
		}
	})
}

// fields appends the members of JSON objects.
type fields struct {
	dst []byte
}

// element puts the comma before what is not the first of its list.
func (j *fields) element() {
	if c := j.dst[len(j.dst)-1]; c != '{' && c != '[' {
		j.dst = append(j.dst, ',')
	}
}

func (j *fields) key(name string) {
	j.element()
	j.dst = append(j.dst, '"')
	j.dst = append(j.dst, name...)
	j.dst = append(j.dst, '"', ':')
}

func (j *fields) uint(name string, v uint64) {
	j.key(name)
	j.dst = strconv.AppendUint(j.dst, v, 10)
}

func (j *fields) int(name string, v int64) {
	j.key(name)
	j.dst = strconv.AppendInt(j.dst, v, 10)
}

// id is a string: most JSON readers keep 53 bits of a number.
func (j *fields) id(name string, v uint64) {
	j.key(name)
	j.dst = append(appendID(append(j.dst, '"'), v), '"')
}

func (j *fields) word(name, v string) {
	j.key(name)
	j.dst = append(j.dst, '"')
	j.dst = append(j.dst, v...)
	j.dst = append(j.dst, '"')
}

func (j *fields) octal(name string, v uint32) {
	j.key(name)
	j.dst = append(appendOctal(j.dst, `"`, v), '"')
}

func (j *fields) pair(name string, a, b uint32) {
	j.key(name)
	j.dst = append(j.dst, '"')
	j.dst = append(appendPair(j.dst, uint64(a), ':', uint64(b)), '"')
}

func (j *fields) bytes(name string, v []byte) {
	j.key(name)
	j.dst = append(j.dst, '"')
	j.dst = append(base64.StdEncoding.AppendEncode(j.dst, v), '"')
}

// text adds bytes that are meant as text. What JSON cannot carry is escaped as
// package quote does, and the exact bytes follow in name_bytes.
func (j *fields) text(name string, v []byte) {
	j.key(name)
	if quote.Valid(v) {
		j.dst = quote.AppendJSON(j.dst, v)
		return
	}
	j.dst = quote.AppendJSON(j.dst, quote.AppendText(nil, v))
	j.bytes(name+"_bytes", v)
}

func (j *fields) object(f func()) {
	j.dst = append(j.dst, '{')
	f()
	j.dst = append(j.dst, '}')
}

func (j *fields) array(name string, f func()) {
	j.key(name)
	j.dst = append(j.dst, '[')
	f()
	j.dst = append(j.dst, ']')
}
