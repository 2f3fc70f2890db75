// SPDX-License-Identifier: Apache-2.0

package emission

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"vexj/agent/session"
	"vexj/uapi"
)

// An ID is an event id in JSON: a string, as numbers lose digits in many a reader.
type ID uint64

// String is how vexjctl prints it.
func (id ID) String() string { return fmt.Sprintf("0x%016x", uint64(id)) }

// MarshalText is [ID.String].
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText takes hexadecimal with 0x, or decimal.
func (id *ID) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 0, 64)
	if err != nil {
		return fmt.Errorf("%q is not an event id, such as 0x0300000012345678", b)
	}
	*id = ID(n)
	return nil
}

// head are the members of a JSON record that are not attributes.
type head struct {
	Type           string          `json:"type"`
	Kind           uint16          `json:"kind"`
	Priority       string          `json:"priority"`
	Flags          []string        `json:"flags"`
	Parent         ID              `json:"parent"`
	Root           ID              `json:"root"`
	Visibility     ID              `json:"visibility"`
	Relevance      uint32          `json:"relevance"`
	ReplayPriority uint32          `json:"replay_priority"`
	Session        json.RawMessage `json:"session"`
	Payload        string          `json:"payload"`
	PayloadBytes   string          `json:"payload_bytes"`
	Metadata       json.RawMessage `json:"metadata"`
	Links          []link          `json:"links"`
}

type link struct {
	Cause       ID     `json:"cause"`
	Effect      ID     `json:"effect"`
	Type        uint32 `json:"type"`
	Strength    uint32 `json:"strength"`
	Delay       uint64 `json:"delay"`
	Description string `json:"description"`
}

// others are the members of head, by their names.
var others = []string{"type", "kind", "priority", "flags", "parent", "root", "visibility", "relevance", "replay_priority",
	"payload", "payload_bytes", "metadata", "links"}

// tagOf is the tag that a member of a JSON record stands for: the names are those
// that vexjctl prints.
func tagOf(member string) (uapi.Tag, bool) {
	tag, ok := uapi.ParseTag(strings.ReplaceAll(member, "_", "-"))
	if !ok || strings.Contains(member, "-") {
		return 0, false
	}
	size, fixed := tag.Size()
	return tag, !slices.Contains(kernels, tag) && (!fixed || size == 4 || size == 8)
}

// ParseJSON reads records from JSON: an object, an array of them, or objects one
// behind the other.
func ParseJSON(r io.Reader) ([]uapi.Record, error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	var all []uapi.Record
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRecord, err)
		}
		objects := []json.RawMessage{raw}
		if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
			if err := json.Unmarshal(raw, &objects); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrRecord, err)
			}
		}
		for _, object := range objects {
			rec, err := parseObject(object)
			if err != nil {
				return nil, fmt.Errorf("%w: record %d: %w", ErrRecord, len(all)+1, err)
			}
			all = append(all, rec)
		}
	}
}

func parseObject(object json.RawMessage) (uapi.Record, error) {
	var h head
	var members map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(object, &h), json.Unmarshal(object, &members)); err != nil {
		return nil, err
	}
	header, err := h.header()
	if err != nil {
		return nil, err
	}
	b := uapi.NewBuilder(nil)
	b.Begin(header)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if slices.Contains(others, name) {
			continue
		}
		tag, ok := tagOf(name)
		if !ok {
			return nil, fmt.Errorf("there is no member %q", name)
		}
		if err := addMember(b, tag, members[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := h.rest(b); err != nil {
		return nil, err
	}
	return b.Finish()
}

func (h *head) header() (uapi.Header, error) {
	t, ok := uapi.ParseType(h.Type)
	if !ok {
		return uapi.Header{}, fmt.Errorf("type: there is none called %q", h.Type)
	}
	out := uapi.Header{Type: t, Subtype: uapi.MakeSubtype(uapi.ViaCall, h.Kind), Parent: uint64(h.Parent), RootCause: uint64(h.Root),
		VisibilityMask: uint64(h.Visibility), Relevance: h.Relevance, ReplayPriority: h.ReplayPriority}
	for _, word := range h.Flags {
		f, ok := uapi.ParseFlag(word)
		if !ok {
			return out, fmt.Errorf("flags: there is none called %q", word)
		}
		out.Flags |= f
	}
	if h.Priority != "" {
		if out.Priority, ok = parsePriority(h.Priority); !ok {
			return out, fmt.Errorf("priority: there is none called %q", h.Priority)
		}
	}
	return out, nil
}

func parsePriority(word string) (uapi.Priority, bool) {
	for p := uapi.PriorityCritical; p <= uapi.PriorityBackground; p++ {
		if p.String() == word {
			return p, true
		}
	}
	return 0, false
}

func addMember(b *uapi.Builder, tag uapi.Tag, raw json.RawMessage) error {
	var text string
	isText := json.Unmarshal(raw, &text) == nil
	size, fixed := tag.Size()
	if !fixed {
		if !isText && tag != uapi.AttrTags {
			return errors.New("it is a text")
		}
		if !isText {
			text = string(raw) // tags are JSON themselves
		}
		b.AddString(tag, text)
		return nil
	}
	n, err := number(raw, text, isText, tag)
	if err != nil {
		return err
	}
	if size == 8 {
		b.AddU64(tag, n)
		return nil
	}
	if n > math.MaxUint32 {
		return fmt.Errorf("%d is too large", n)
	}
	b.AddU32(tag, uint32(n))
	return nil
}

// number reads a number, or a text of one; a session may be called by any text.
func number(raw json.RawMessage, text string, isText bool, tag uapi.Tag) (uint64, error) {
	if !isText {
		text = string(raw)
	} else if tag == uapi.AttrSession {
		if err := (session.Identity{Session: text}).Check(); err != nil {
			return 0, err
		}
		return session.ID(text), nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number from 0 to 2^64-1", text)
	}
	return n, nil
}

func (h *head) rest(b *uapi.Builder) error {
	payload := []byte(h.Payload)
	if h.PayloadBytes != "" {
		var err error
		if payload, err = base64.StdEncoding.DecodeString(h.PayloadBytes); err != nil {
			return fmt.Errorf("payload_bytes: it is not base64: %w", err)
		}
		if h.Payload != "" {
			return errors.New("it has payload and payload_bytes: give one")
		}
	}
	if len(payload) > 0 {
		b.Payload(payload)
	}
	if len(h.Metadata) > 0 && string(h.Metadata) != "null" {
		meta := []byte(h.Metadata)
		var text string
		if json.Unmarshal(meta, &text) == nil {
			meta = []byte(text)
		}
		b.Metadata(meta)
	}
	for i, l := range h.Links {
		out := uapi.Link{Cause: uint64(l.Cause), Effect: uint64(l.Effect), Type: l.Type, Strength: l.Strength, Delay: l.Delay}
		if copy(out.Description[:], l.Description) < len(l.Description) {
			return fmt.Errorf("links[%d]: its description has %d bytes, at most %d fit", i, len(l.Description), len(out.Description))
		}
		b.AddLink(out)
	}
	return nil
}
