// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"vexj/uapi"
)

// ErrObject: a text is no object of a record.
var ErrObject = errors.New("no object of a record")

// A Parser makes records, one after the other.
type Parser struct {
	b        *uapi.Builder
	h        uapi.Header
	wall     int64
	given    members
	attrs    []member
	bytes    map[string][]byte // of texts that are no UTF-8, by their names
	payload  []byte
	metadata []byte
	context  []byte
	links    []uapi.Link
}

// members are those without which there is no record.
type members struct{ id, time, ktime, kind bool }

type member struct {
	name string
	v    value
}

// New returns a Parser.
func New() *Parser { return &Parser{b: uapi.NewBuilder(nil), bytes: map[string][]byte{}} }

// Record makes the record that an object is of, which is valid until the next call, and
// its time in ns since 1970. An error wraps ErrObject.
func (p *Parser) Record(object []byte) (rec uapi.Record, wall int64, err error) {
	rec, err = p.record(object)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrObject, err)
	}
	return rec, p.wall, nil
}

func (p *Parser) record(object []byte) (uapi.Record, error) {
	if !json.Valid(object) {
		return nil, syntax(object)
	}
	clear(p.bytes)
	*p = Parser{b: p.b, bytes: p.bytes, attrs: p.attrs[:0]}
	p.h = uapi.Header{VisibilityMask: ^uint64(0), Version: uapi.Version}
	if err := value(bytes.TrimSpace(object)).members(p.member); err != nil {
		return nil, err
	}
	for _, need := range []struct {
		name  string
		there bool
	}{{"id", p.given.id}, {"time", p.given.time}, {"ktime", p.given.ktime}, {"type", p.given.kind}} {
		if !need.there {
			return nil, fmt.Errorf("it has no member %s", need.name)
		}
	}
	if p.h.RootCause == 0 {
		p.h.RootCause = p.h.EventID
	}
	return p.build()
}

// syntax says why a text is no JSON.
func syntax(text []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(text, &v)
	var at *json.SyntaxError
	if errors.As(err, &at) {
		return fmt.Errorf("column %d: %w", at.Offset, err)
	}
	return err
}

// member takes note of one. Those of the header come first in a record, wherever they
// are in the object.
func (p *Parser) member(name string, v value) (err error) {
	h := &p.h
	switch name {
	case "id":
		h.EventID, err = v.id()
		p.given.id = true
	case "time":
		p.wall, err = v.time()
		p.given.time = true
	case "ktime":
		h.Ktime, err = v.u64()
		p.given.ktime = true
	case "type":
		h.Type, err = v.eventType()
		p.given.kind = true
	case "subtype":
		var n uint32
		n, err = v.u32()
		h.Subtype = uapi.Subtype(n)
	case "cpu":
		h.CPU, err = v.u32()
	case "pid":
		h.PID, err = v.u32()
	case "sequence":
		h.Sequence, err = v.u64()
	case "global_sequence":
		h.GlobalSequence, err = v.u64()
	case "local_sequence":
		h.LocalSequence, err = v.u64()
	case "flags":
		h.Flags, err = v.eventFlags()
	case "priority":
		h.Priority, err = word(v, uapi.Priority(fewWords))
	case "parent":
		h.Parent, err = v.id()
	case "root_cause":
		h.RootCause, err = v.id()
	case "visibility":
		h.VisibilityMask, err = v.id()
	case "relevance":
		h.Relevance, err = v.u32()
	case "replay_priority":
		h.ReplayPriority, err = v.u32()
	default:
		err = p.part(name, v)
	}
	return err
}

// part takes note of a member that is none of the header, or not of use: one that says
// again what another says, or where the record was.
func (p *Parser) part(name string, v value) (err error) {
	switch name {
	case "version":
		p.h.Version, err = v.u32()
	case "checksum":
		p.h.Checksum, err = v.u32()
	case "compression":
		p.h.Compression, err = v.u32()
	case "encryption":
		p.h.Encryption, err = v.u32()
	case "context":
		p.context, err = v.base64()
	case "payload":
		p.payload, err = v.base64()
	case "metadata":
		p.metadata, err = v.base64()
	case "links":
		return v.elements(p.link)
	case "ordinal", "cursor", "category", "producer", "via", "kind", "exit_code", "exit_signal", "core_dumped":
	default:
		if stem, ok := strings.CutSuffix(name, "_bytes"); ok {
			p.bytes[stem], err = v.base64()
			return err
		}
		p.attrs = append(p.attrs, member{name, v})
	}
	return err
}

func (p *Parser) build() (uapi.Record, error) {
	b := p.b
	b.Begin(p.h)
	if p.h.Version != uapi.Version {
		b.Context(p.context)
	}
	for _, m := range p.attrs {
		if err := in(m.name, p.attr(m.name, m.v)); err != nil {
			return nil, err
		}
		delete(p.bytes, m.name)
	}
	for name := range p.bytes {
		return nil, in(name+"_bytes", errUnknown) // there is no text that these are of
	}
	if len(p.payload) > 0 {
		b.Payload(p.payload)
	}
	if len(p.metadata) > 0 {
		b.Metadata(p.metadata)
	}
	for _, l := range p.links {
		b.AddLink(l)
	}
	rec, err := b.Finish()
	if err != nil {
		return nil, err
	}
	// What no builder checks, as the values of a record of version 1.
	return uapi.Check(rec)
}

func (p *Parser) link(v value) error {
	var l uapi.Link
	var text string
	var raw []byte
	err := object(v, map[string]getter{
		"cause": get(&l.Cause, value.id), "effect": get(&l.Effect, value.id), "type": u32(&l.Type), "strength": u32(&l.Strength),
		"delay": u64(&l.Delay), "description": get(&text, value.text), "description_bytes": get(&raw, value.base64),
	})
	if err == nil {
		err = in("description", put(l.Description[:], text, raw))
	}
	p.links = append(p.links, l)
	return err
}

var errUnknown = errors.New("is no member that this version knows")

// number is the tag of attr_NUMBER.
func number(name string) (uapi.Tag, bool) {
	const prefix = "attr_"
	if len(name) <= len(prefix) || name[:len(prefix)] != prefix {
		return 0, false
	}
	n, err := strconv.ParseUint(name[len(prefix):], 10, 16)
	return uapi.Tag(n), err == nil
}
