// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/pierrec/lz4/v4"

	"vexj/uapi"
)

// semanticFacts is what the data of a USJL entry says of an event, in JSON as
// its members are named here. The data itself is kept besides, so that whatever
// is not among these is not lost.
type semanticFacts struct {
	Subtype   *uint32 `json:"event_subtype"`
	Timestamp struct {
		Time     string `json:"timestamp"` // RFC 3339
		Sequence uint64 `json:"sequence"`
		CPU      uint32 `json:"cpu_id"`
		PID      uint32 `json:"process_id"`
	} `json:"timestamp"`
	GlobalSequence uint64         `json:"global_sequence"`
	LocalSequence  uint64         `json:"local_sequence"`
	Flags          semanticFlags  `json:"flags"`
	Priority       semanticWord   `json:"priority"`
	Links          []semanticLink `json:"causality_links"`
	Parent         *uint64        `json:"parent_event_id"`
	RootCause      *uint64        `json:"root_cause_event_id"`
	Visibility     uint64         `json:"agent_visibility_mask"`
	Relevance      uint32         `json:"agent_relevance_score"`
	ReplayPriority uint32         `json:"replay_priority"`
	Context        struct {
		Transaction *uint64 `json:"transaction_id"`
		Session     *uint64 `json:"session_id"`
		Chain       *uint64 `json:"causality_chain_id"`
		Filesystem  *struct {
			Path  string  `json:"path"`
			Inode *uint64 `json:"inode_number"`
		} `json:"filesystem"`
		Graph *struct {
			Node      *uint64 `json:"node_id"`
			Edge      *uint64 `json:"edge_id"`
			Operation *uint32 `json:"operation_type"`
		} `json:"graph"`
		Vector *struct {
			ID         *uint64 `json:"vector_id"`
			Dimensions *uint32 `json:"dimensions"`
			Element    *uint32 `json:"element_type"`
		} `json:"vector"`
		Agent *struct {
			ID         string  `json:"agent_id"`
			Intent     *string `json:"intent"`
			Confidence *uint32 `json:"confidence"`
		} `json:"agent"`
		System *struct {
			Load   *uint32 `json:"system_load"`
			Memory *uint64 `json:"memory_usage"`
			IO     *uint32 `json:"io_pressure"`
		} `json:"system"`
		Semantic *struct {
			Tags       json.RawMessage `json:"tags"`
			Intent     *string         `json:"intent"`
			Confidence *uint32         `json:"confidence"`
		} `json:"semantic"`
	} `json:"context"`
}

type semanticLink struct {
	Cause       uint64  `json:"cause_event_id"`
	Effect      uint64  `json:"effect_event_id"`
	Type        uint32  `json:"causality_type"`
	Strength    uint32  `json:"causality_strength"`
	Delay       uint64  `json:"causality_delay_ns"`
	Description *string `json:"description"`
}

type semanticFlags struct {
	Atomic        bool `json:"atomic"`
	Transactional bool `json:"transactional"`
	Causal        bool `json:"causal"`
	AgentVisible  bool `json:"agent_visible"`
	Deterministic bool `json:"deterministic"`
	Compressed    bool `json:"compressed"`
	Indexed       bool `json:"indexed"`
	Replicated    bool `json:"replicated"`
}

func (f *semanticFlags) bits() (bits uapi.Flags) {
	for i, set := range []bool{f.Atomic, f.Transactional, f.Causal, f.AgentVisible, f.Deterministic, f.Compressed, f.Indexed, f.Replicated} {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

// semanticWord is the priority, a word in JSON.
type semanticWord uint32

var priorityWords = [...]string{"", "Critical", "High", "Normal", "Low", "Background"}

// UnmarshalJSON implements json.Unmarshaler.
func (w *semanticWord) UnmarshalJSON(b []byte) error {
	var word string
	if json.Unmarshal(b, &word) != nil {
		return json.Unmarshal(b, (*uint32)(w))
	}
	for i, p := range priorityWords {
		if p == word {
			*w = semanticWord(i)
		}
	}
	return nil
}

// unpackEntry undoes the compression of an entry. The legacy writer says LZ4 of
// all it writes and leaves small data as it is: only a frame is one.
func unpackEntry(compression uint8, data []byte) ([]byte, error) {
	if compression != entryLZ4 || len(data) < 4 || le.Uint32(data) != 0x184D2204 {
		return data, nil
	}
	out, err := io.ReadAll(io.LimitReader(lz4.NewReader(bytes.NewReader(data)), maxLook+1))
	if err != nil {
		return nil, fmt.Errorf("the LZ4 frame: %w", err)
	}
	return out, nil
}

// readJSON reads the members that have a place in a record. A member of another
// type than it should have is left where it is, in the data.
func (f *semanticFacts) readJSON(data []byte) error {
	if len(data) > maxLook {
		return nil // what it could unpack to is bounded too
	}
	if !json.Valid(data) {
		return fmt.Errorf("the data is said to be JSON and is not")
	}
	if json.Unmarshal(data, f) != nil {
		*f = semanticFacts{}
	}
	return nil
}

// ktime is the time of an entry in ns: the event's own if it is in the second
// that the entry says.
func (f *semanticFacts) ktime(seconds uint64) uint64 {
	if t, err := time.Parse(time.RFC3339Nano, f.Timestamp.Time); err == nil && t.Unix() >= 0 && uint64(t.Unix()) == seconds {
		return seconds*uint64(time.Second) + uint64(t.Nanosecond())
	}
	return seconds * uint64(time.Second)
}

// begin begins the record of an entry.
func (f *semanticFacts) begin(b *uapi.Builder, e *usjlEntry) {
	h := uapi.Header{
		EventID: e.id, Type: uapi.Type(e.kind), Ktime: f.ktime(e.timestamp),
		Sequence: f.Timestamp.Sequence, CPU: f.Timestamp.CPU, PID: f.Timestamp.PID,
		GlobalSequence: f.GlobalSequence, LocalSequence: f.LocalSequence,
		Flags: f.Flags.bits(), Priority: uapi.Priority(f.Priority), VisibilityMask: f.Visibility,
		Relevance: f.Relevance, ReplayPriority: f.ReplayPriority,
	}
	if f.Subtype != nil {
		h.Subtype = uapi.Subtype(*f.Subtype)
	}
	if f.Parent != nil {
		h.Parent = *f.Parent
	}
	if f.RootCause != nil {
		h.RootCause = *f.RootCause
	}
	b.Begin(h)
	f.attributes(b)
}

// maxFact bounds a text that is also made an attribute.
const maxFact = 4096

func (f *semanticFacts) attributes(b *uapi.Builder) {
	c := &f.Context
	u64(b, uapi.AttrTransaction, c.Transaction)
	u64(b, uapi.AttrSession, c.Session)
	u64(b, uapi.AttrChain, c.Chain)
	if fs := c.Filesystem; fs != nil {
		text(b, uapi.AttrPath, &fs.Path)
		if fs.Inode != nil {
			b.AddFile(uapi.File{Inode: *fs.Inode})
		}
	}
	if g := c.Graph; g != nil {
		u64(b, uapi.AttrGraphNode, g.Node)
		u64(b, uapi.AttrGraphEdge, g.Edge)
		u32(b, uapi.AttrGraphOp, g.Operation)
	}
	if v := c.Vector; v != nil {
		u64(b, uapi.AttrVectorID, v.ID)
		u32(b, uapi.AttrVectorDims, v.Dimensions)
		u32(b, uapi.AttrVectorElem, v.Element)
	}
	if a := c.Agent; a != nil {
		text(b, uapi.AttrAgentID, &a.ID)
		text(b, uapi.AttrAgentIntent, a.Intent)
		u32(b, uapi.AttrAgentConfidence, a.Confidence)
	}
	if s := c.System; s != nil {
		u32(b, uapi.AttrSystemLoad, s.Load)
		u64(b, uapi.AttrSystemMemory, s.Memory)
		u32(b, uapi.AttrSystemIO, s.IO)
	}
	if s := c.Semantic; s != nil {
		if tags := string(s.Tags); tags != "{}" && tags != "null" {
			text(b, uapi.AttrTags, &tags)
		}
		text(b, uapi.AttrSemIntent, s.Intent)
		u32(b, uapi.AttrSemConfidence, s.Confidence)
	}
}

func text(b *uapi.Builder, tag uapi.Tag, s *string) {
	if s != nil && *s != "" && len(*s) <= maxFact && (*s)[len(*s)-1] != 0 {
		b.AddString(tag, *s)
	}
}

func u32(b *uapi.Builder, tag uapi.Tag, v *uint32) {
	if v != nil {
		b.AddU32(tag, *v)
	}
}

func u64(b *uapi.Builder, tag uapi.Tag, v *uint64) {
	if v != nil {
		b.AddU64(tag, *v)
	}
}

// maxFactLinks bounds the links that are also made the record's.
const maxFactLinks = 32

func (f *semanticFacts) links(b *uapi.Builder) {
	for _, l := range f.Links[:min(len(f.Links), maxFactLinks)] {
		link := uapi.Link{Cause: l.Cause, Effect: l.Effect, Type: l.Type, Strength: l.Strength, Delay: l.Delay}
		if l.Description != nil {
			copy(link.Description[:], *l.Description)
		}
		b.AddLink(link)
	}
}
