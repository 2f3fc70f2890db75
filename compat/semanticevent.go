// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"vexj/uapi"
)

// A semanticEvent is the JSON of an entry that usjlWriter writes, with the
// members of the legacy event in its order. The record itself is in metadata.
type semanticEvent struct {
	ID             uint64            `json:"event_id"`
	Type           string            `json:"event_type"`
	Subtype        *uint32           `json:"event_subtype"`
	Timestamp      semanticStamp     `json:"timestamp"`
	GlobalSequence uint64            `json:"global_sequence"`
	LocalSequence  uint64            `json:"local_sequence"`
	Flags          semanticFlags     `json:"flags"`
	Priority       string            `json:"priority"`
	Size           uint32            `json:"event_size"`
	Version        uint32            `json:"event_version"`
	Checksum       *uint32           `json:"checksum"`
	Compression    *uint32           `json:"compression_type"`
	Encryption     *uint32           `json:"encryption_type"`
	Links          []semanticLink    `json:"causality_links"`
	Parent         *uint64           `json:"parent_event_id"`
	RootCause      *uint64           `json:"root_cause_event_id"`
	Visibility     uint64            `json:"agent_visibility_mask"`
	Relevance      uint32            `json:"agent_relevance_score"`
	ReplayPriority uint32            `json:"replay_priority"`
	Context        semanticContext   `json:"context"`
	Payload        *string           `json:"payload"`
	Metadata       *semanticMetadata `json:"metadata"`
}

type semanticStamp struct {
	Time     string `json:"timestamp"`
	Sequence uint64 `json:"sequence"`
	CPU      uint32 `json:"cpu_id"`
	PID      uint32 `json:"process_id"`
}

// semanticMetadata is base64: what version 1 cannot say.
type semanticMetadata struct {
	Record []byte `json:"vexj_record,omitempty"`
	Origin []byte `json:"vexj_origin,omitempty"`
}

type semanticContext struct {
	Transaction   *uint64        `json:"transaction_id"`
	Session       *uint64        `json:"session_id"`
	Chain         *uint64        `json:"causality_chain_id"`
	Filesystem    map[string]any `json:"filesystem"`
	Graph         map[string]any `json:"graph"`
	Vector        map[string]any `json:"vector"`
	Agent         map[string]any `json:"agent"`
	System        map[string]any `json:"system"`
	Semantic      map[string]any `json:"semantic"`
	Observability *struct{}      `json:"observability"`
}

// typeWords are the legacy names that the rule of typeWord does not make.
var typeWords = map[uapi.Type]string{
	uapi.GraphPropSet: "GraphPropertySet", uapi.GraphPropDelete: "GraphPropertyDelete",
	uapi.SemTxBegin: "SemanticTransactionBegin", uapi.SemTxEnd: "SemanticTransactionEnd",
	uapi.SemIntent: "SemanticIntentCapture", uapi.ObsMetric: "ObservabilityMetricCollected",
	uapi.ObsLog: "ObservabilityLogGenerated", uapi.ObsSpanStart: "ObservabilityTraceSpanStart",
	uapi.ObsSpanEnd: "ObservabilityTraceSpanEnd", uapi.ObsAlert: "ObservabilityAlertTriggered",
	uapi.ObsHealth: "ObservabilityHealthCheck", uapi.ObsPerfCounter: "ObservabilityPerformanceCounter",
	uapi.ObsError: "ObservabilityErrorReported", uapi.ObsAudit: "ObservabilityAuditEvent",
	uapi.ObsStatus: "ObservabilitySystemStatus", uapi.ObsResource: "ObservabilityResourceUsage",
}

// typeWord is the legacy name of a type: its category and its operation, each
// word with a capital. A type that the legacy journal does not have is called
// by the same rule, and is no name that it knows.
func typeWord(t uapi.Type) string {
	if word, ok := typeWords[t]; ok {
		return word
	}
	var sb strings.Builder
	capital := func(words string) {
		for word := range strings.SplitSeq(words, "-") {
			sb.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	category := t.Category().String()
	capital(category)
	capital(strings.TrimPrefix(t.String(), category+"-"))
	return sb.String()
}

// legacyType reports whether version 1 had the type.
func legacyType(t uapi.Type) bool {
	return t.Known() && t&0xff < 0x40 && t.Category() != uapi.CategoryProcess
}

// eventOf says of a record what the legacy event can say. fact is told what it
// has no member for.
func eventOf(rec uapi.Record, o Origin, fact func(string)) *semanticEvent {
	e := &semanticEvent{
		ID: rec.EventID(), Type: typeWord(rec.Type()),
		Timestamp: semanticStamp{
			time.Unix(0, int64(rec.Ktime())+o.WallOffset).UTC().Format(time.RFC3339Nano),
			rec.Sequence(), rec.CPU(), rec.PID(),
		},
		GlobalSequence: rec.GlobalSequence(), LocalSequence: rec.LocalSequence(),
		Flags: flagsOf(rec.Flags()), Priority: "Normal", Size: uint32(rec.Size()), Version: uapi.Version1,
		Links: []semanticLink{}, Visibility: rec.VisibilityMask(), Relevance: rec.Relevance(), ReplayPriority: rec.ReplayPriority(),
		Metadata: &semanticMetadata{Record: rec},
	}
	if p := rec.Priority(); int(p) < len(priorityWords) && p > 0 {
		e.Priority = priorityWords[p]
	} else {
		fact("priority")
	}
	if !legacyType(rec.Type()) {
		fact("type " + rec.Type().String())
	}
	if rec.Flags()&^0xff != 0 {
		fact("flags")
	}
	e.Subtype = some(uint32(rec.Subtype()))
	e.Parent, e.RootCause = some(rec.Parent()), some(rec.RootCause())
	for i := range rec.LinkCount() {
		l := rec.Link(i)
		text := strings.ToValidUTF8(string(l.Text()), "\ufffd")
		e.Links = append(e.Links, semanticLink{l.Cause, l.Effect, l.Type, l.Strength, l.Delay, &text})
	}
	if rec.PayloadSize() > 0 {
		fact("payload")
	}
	for tag := range rec.Attrs() {
		if !e.Context.add(rec, tag) {
			fact(tag.String())
		}
	}
	return e
}

func flagsOf(f uapi.Flags) semanticFlags {
	bit := func(i int) bool { return f>>i&1 != 0 }
	return semanticFlags{bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6), bit(7)}
}

func some[T uint32 | uint64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}

// A member is where an attribute stands in the legacy context.
type member struct {
	group func(c *semanticContext) *map[string]any
	name  string
}

func groupFilesystem(c *semanticContext) *map[string]any { return &c.Filesystem }
func groupGraph(c *semanticContext) *map[string]any      { return &c.Graph }
func groupVector(c *semanticContext) *map[string]any     { return &c.Vector }
func groupAgent(c *semanticContext) *map[string]any      { return &c.Agent }
func groupSystem(c *semanticContext) *map[string]any     { return &c.System }
func groupSemantic(c *semanticContext) *map[string]any   { return &c.Semantic }

var members = map[uapi.Tag]member{
	uapi.AttrPath: {groupFilesystem, "path"}, uapi.AttrFile: {groupFilesystem, "inode_number"},
	uapi.AttrGraphNode: {groupGraph, "node_id"}, uapi.AttrGraphEdge: {groupGraph, "edge_id"},
	uapi.AttrGraphOp: {groupGraph, "operation_type"}, uapi.AttrVectorID: {groupVector, "vector_id"},
	uapi.AttrVectorDims: {groupVector, "dimensions"}, uapi.AttrVectorElem: {groupVector, "element_type"},
	uapi.AttrAgentID: {groupAgent, "agent_id"}, uapi.AttrAgentIntent: {groupAgent, "intent"},
	uapi.AttrAgentConfidence: {groupAgent, "confidence"}, uapi.AttrSystemLoad: {groupSystem, "system_load"},
	uapi.AttrSystemMemory: {groupSystem, "memory_usage"}, uapi.AttrSystemIO: {groupSystem, "io_pressure"},
	uapi.AttrTags: {groupSemantic, "tags"}, uapi.AttrSemIntent: {groupSemantic, "intent"},
	uapi.AttrSemConfidence: {groupSemantic, "confidence"},
}

// needed are the members without which the legacy reader refuses a group.
var needed = map[uapi.Tag]func(*semanticContext){
	uapi.AttrFile:            func(c *semanticContext) { put(&c.Filesystem, "path", "", false) },
	uapi.AttrAgentIntent:     func(c *semanticContext) { put(&c.Agent, "agent_id", "", false) },
	uapi.AttrAgentConfidence: func(c *semanticContext) { put(&c.Agent, "agent_id", "", false) },
	uapi.AttrSemIntent:       func(c *semanticContext) { put(&c.Semantic, "tags", map[string]string{}, false) },
	uapi.AttrSemConfidence:   func(c *semanticContext) { put(&c.Semantic, "tags", map[string]string{}, false) },
}

func put(group *map[string]any, name string, v any, replace bool) {
	if *group == nil {
		*group = map[string]any{}
	}
	if _, there := (*group)[name]; !there || replace {
		(*group)[name] = v
	}
}

// add puts an attribute where the legacy context has it, and reports whether
// that is all of it.
func (c *semanticContext) add(rec uapi.Record, tag uapi.Tag) (whole bool) {
	switch tag {
	case uapi.AttrTransaction, uapi.AttrSession, uapi.AttrChain:
		v, _ := rec.U64(tag)
		*map[uapi.Tag]**uint64{uapi.AttrTransaction: &c.Transaction, uapi.AttrSession: &c.Session, uapi.AttrChain: &c.Chain}[tag] = &v
		return true
	}
	m, ok := members[tag]
	if !ok {
		return false
	}
	if need := needed[tag]; need != nil {
		need(c)
	}
	v, whole := memberValue(rec, tag)
	put(m.group(c), m.name, v, true)
	return whole
}

func memberValue(rec uapi.Record, tag uapi.Tag) (v any, whole bool) {
	if n, ok := rec.U32(tag); ok {
		return n, true
	}
	if n, ok := rec.U64(tag); ok {
		return n, true
	}
	raw, _ := rec.Attr(tag)
	switch tag {
	case uapi.AttrFile:
		file, _ := rec.File()
		return file.Inode, file == uapi.File{Inode: file.Inode}
	case uapi.AttrTags:
		var tags map[string]string
		if json.Unmarshal(raw, &tags) != nil || tags == nil {
			return map[string]string{}, false
		}
		return tags, true
	}
	return strings.ToValidUTF8(string(raw), "\ufffd"), utf8.Valid(raw)
}
