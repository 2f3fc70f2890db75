// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"encoding/json"

	"vexj/uapi"
)

// An Event is what a record is made of. Type is needed, and nothing else.
type Event struct {
	Type       uapi.Type
	Subtype    uapi.Subtype
	Path       string
	Path2      string
	Flags      uapi.Flags
	Priority   uapi.Priority // 0: normal
	Relevance  uint32        // 0 to 100
	Cause      uint64        // event id; 0: the intent that lasts
	Causes     []uint64      // more of them, as causality links
	Intent     string        // what it is for: AGENT_INTENT
	Confidence uint32        // 0 to 100: AGENT_CONFIDENCE
	Meaning    string        // SEM_INTENT
	Tags       []string
	Chain      uint64 // causality chain
	Payload    []byte
	Metadata   any // JSON
	// Attrs adds attributes, such as those of graph and vector records.
	Attrs func(b *uapi.Builder)

	transaction uint64
}

// Emit appends a record of the event and returns its id. In a recorder's journal it is
// in the order of all that is recorded.
func (j *Journal) Emit(ctx context.Context, e Event) (id uint64, err error) {
	var metadata []byte
	if e.Metadata != nil {
		if metadata, err = json.Marshal(e.Metadata); err != nil {
			return 0, err
		}
	}
	h := uapi.Header{Type: e.Type, Subtype: e.Subtype, Flags: e.Flags, Priority: e.Priority, Relevance: e.Relevance,
		Parent: e.Cause, VisibilityMask: j.o.Visibility}
	if h.Priority == 0 {
		h.Priority = uapi.PriorityNormal
	}
	if in := j.current(); h.Parent == 0 && in != nil {
		h.Parent, h.RootCause = in.id, in.root
	}
	if e.transaction != 0 {
		h.Flags |= uapi.FlagTransactional
	}
	if h.Parent != 0 || len(e.Causes) > 0 {
		h.Flags |= uapi.FlagCausal
	}
	b := j.builders.Get().(*uapi.Builder)
	defer j.builders.Put(b)
	return j.out.emit(ctx, b, h, func(b *uapi.Builder) { e.fill(b, metadata) })
}

func (e *Event) fill(b *uapi.Builder, metadata []byte) {
	text := func(tag uapi.Tag, s string) {
		if s != "" {
			b.AddString(tag, s)
		}
	}
	text(uapi.AttrPath, e.Path)
	text(uapi.AttrPath2, e.Path2)
	text(uapi.AttrAgentIntent, e.Intent)
	text(uapi.AttrSemIntent, e.Meaning)
	if e.Confidence != 0 {
		b.AddU32(uapi.AttrAgentConfidence, e.Confidence)
	}
	if e.transaction != 0 {
		b.AddU64(uapi.AttrTransaction, e.transaction)
	}
	if e.Chain != 0 {
		b.AddU64(uapi.AttrChain, e.Chain)
	}
	if len(e.Tags) > 0 {
		tags, _ := json.Marshal(e.Tags) // of strings: it cannot fail
		b.AddBytes(uapi.AttrTags, tags)
	}
	if e.Attrs != nil {
		e.Attrs(b)
	}
	if len(e.Payload) > 0 {
		b.Payload(e.Payload)
	}
	if len(metadata) > 0 {
		b.Metadata(metadata)
	}
	for _, cause := range e.Causes {
		b.AddLink(uapi.Link{Cause: cause, Strength: 100})
	}
}

// Decide records a decision, how sure the agent is of it, and what led to it.
func (j *Journal) Decide(ctx context.Context, what string, confidence uint32, because ...uint64) (uint64, error) {
	return j.Emit(ctx, Event{Type: uapi.AgentDecision, Intent: what, Confidence: confidence, Causes: because})
}

// Reason records a step of reasoning.
func (j *Journal) Reason(ctx context.Context, text string, because ...uint64) (uint64, error) {
	return j.Emit(ctx, Event{Type: uapi.AgentReasoning, Intent: text, Causes: because})
}

// Metric records a measured value.
func (j *Journal) Metric(ctx context.Context, name string, value float64) (uint64, error) {
	return j.Emit(ctx, Event{Type: uapi.ObsMetric, Metadata: map[string]any{"name": name, "value": value}})
}

// Log records a line of a log.
func (j *Journal) Log(ctx context.Context, priority uapi.Priority, line string) (uint64, error) {
	return j.Emit(ctx, Event{Type: uapi.ObsLog, Priority: priority, Payload: []byte(line)})
}

// Node records that a node of a graph was made, changed or removed.
func (j *Journal) Node(ctx context.Context, t uapi.Type, node uint64, properties any) (uint64, error) {
	return j.Emit(ctx, Event{Type: t, Metadata: properties, Attrs: func(b *uapi.Builder) { b.AddU64(uapi.AttrGraphNode, node) }})
}

// Edge records that an edge of a graph, which leads from a node, was made, changed or
// removed.
func (j *Journal) Edge(ctx context.Context, t uapi.Type, node, edge uint64, properties any) (uint64, error) {
	return j.Emit(ctx, Event{Type: t, Metadata: properties, Attrs: func(b *uapi.Builder) {
		b.AddU64(uapi.AttrGraphNode, node)
		b.AddU64(uapi.AttrGraphEdge, edge)
	}})
}

// File records what the program did to a file, where no recorder sees it.
func (j *Journal) File(ctx context.Context, t uapi.Type, path, path2 string, io uapi.IO) (uint64, error) {
	return j.Emit(ctx, Event{Type: t, Path: path, Path2: path2, Attrs: func(b *uapi.Builder) { b.AddIO(io) }})
}

// Link records that one event caused another.
func (j *Journal) Link(ctx context.Context, cause, effect uint64, why string) (uint64, error) {
	l := uapi.Link{Cause: cause, Effect: effect, Strength: 100}
	copy(l.Description[:], why)
	return j.Emit(ctx, Event{Type: uapi.SemCausalityLink, Cause: cause, Attrs: func(b *uapi.Builder) { b.AddLink(l) }})
}
