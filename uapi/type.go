// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"fmt"
	"strconv"
	"strings"
)

// Type is an event_type: a [Category] and an operation within it.
type Type uint32

const (
	FSCreate      Type = 0x0101
	FSDelete      Type = 0x0102
	FSRead        Type = 0x0103
	FSWrite       Type = 0x0104
	FSRename      Type = 0x0105
	FSChmod       Type = 0x0106
	FSChown       Type = 0x0107
	FSTruncate    Type = 0x0108
	FSMkdir       Type = 0x0109
	FSRmdir       Type = 0x010a
	FSSymlink     Type = 0x010b
	FSHardlink    Type = 0x010c
	FSOpen        Type = 0x0140
	FSClose       Type = 0x0141
	FSMknod       Type = 0x0142
	FSSetxattr    Type = 0x0143
	FSRemovexattr Type = 0x0144
	FSUtimes      Type = 0x0145
	FSFallocate   Type = 0x0146
	FSMmapWrite   Type = 0x0147
	FSReaddir     Type = 0x0148
	FSLock        Type = 0x0149
	FSFsync       Type = 0x014a
	FSStat        Type = 0x014b
	FSAccess      Type = 0x014c
	FSReadlink    Type = 0x014d
	FSGetxattr    Type = 0x014e
	FSListxattr   Type = 0x014f
	FSStatfs      Type = 0x0150
	FSIoctl       Type = 0x0151
	FSChdir       Type = 0x0152

	GraphNodeCreate Type = 0x0201
	GraphNodeDelete Type = 0x0202
	GraphNodeUpdate Type = 0x0203
	GraphEdgeCreate Type = 0x0204
	GraphEdgeDelete Type = 0x0205
	GraphEdgeUpdate Type = 0x0206
	GraphPropSet    Type = 0x0207
	GraphPropDelete Type = 0x0208
	GraphTraverse   Type = 0x0209
	GraphQuery      Type = 0x020a

	VectorCreate     Type = 0x0301
	VectorDelete     Type = 0x0302
	VectorUpdate     Type = 0x0303
	VectorSearch     Type = 0x0304
	VectorIndex      Type = 0x0305
	VectorSimilarity Type = 0x0306
	VectorCluster    Type = 0x0307
	VectorEmbed      Type = 0x0308

	AgentQuery         Type = 0x0401
	AgentReasoning     Type = 0x0402
	AgentDecision      Type = 0x0403
	AgentOrchestration Type = 0x0404
	AgentLearning      Type = 0x0405
	AgentInteraction   Type = 0x0406

	SysMount         Type = 0x0501
	SysUnmount       Type = 0x0502
	SysSync          Type = 0x0503
	SysCheckpoint    Type = 0x0504
	SysRecovery      Type = 0x0505
	SysOptimization  Type = 0x0506
	SysLost          Type = 0x0540
	SysProducerStart Type = 0x0541
	SysProducerStop  Type = 0x0542
	SysClock         Type = 0x0543
	SysLegacy        Type = 0x0544
	SysRemoved       Type = 0x0545

	SemTxBegin       Type = 0x0601
	SemTxEnd         Type = 0x0602
	SemCausalityLink Type = 0x0603
	SemIntent        Type = 0x0604
	SemContextSwitch Type = 0x0605
	SemLink          Type = 0x0606

	ProcFork Type = 0x0701
	ProcExec Type = 0x0702
	ProcExit Type = 0x0703

	ObsMetric      Type = 0x0801
	ObsLog         Type = 0x0802
	ObsSpanStart   Type = 0x0803
	ObsSpanEnd     Type = 0x0804
	ObsAlert       Type = 0x0805
	ObsHealth      Type = 0x0806
	ObsPerfCounter Type = 0x0807
	ObsError       Type = 0x0808
	ObsAudit       Type = 0x0809
	ObsStatus      Type = 0x080a
	ObsResource    Type = 0x080b
	ObsThreshold   Type = 0x080c
)

// Sparse: a printer looks up one name a record, and an array has no hash.
var typeNames = [...]string{
	FSCreate:      "create",
	FSDelete:      "delete",
	FSRead:        "read",
	FSWrite:       "write",
	FSRename:      "rename",
	FSChmod:       "chmod",
	FSChown:       "chown",
	FSTruncate:    "truncate",
	FSMkdir:       "mkdir",
	FSRmdir:       "rmdir",
	FSSymlink:     "symlink",
	FSHardlink:    "hardlink",
	FSOpen:        "open",
	FSClose:       "close",
	FSMknod:       "mknod",
	FSSetxattr:    "setxattr",
	FSRemovexattr: "removexattr",
	FSUtimes:      "utimes",
	FSFallocate:   "fallocate",
	FSMmapWrite:   "mmap-write",
	FSReaddir:     "readdir",
	FSLock:        "lock",
	FSFsync:       "fsync",
	FSStat:        "stat",
	FSAccess:      "access",
	FSReadlink:    "readlink",
	FSGetxattr:    "getxattr",
	FSListxattr:   "listxattr",
	FSStatfs:      "statfs",
	FSIoctl:       "ioctl",
	FSChdir:       "chdir",

	GraphNodeCreate: "node-create",
	GraphNodeDelete: "node-delete",
	GraphNodeUpdate: "node-update",
	GraphEdgeCreate: "edge-create",
	GraphEdgeDelete: "edge-delete",
	GraphEdgeUpdate: "edge-update",
	GraphPropSet:    "prop-set",
	GraphPropDelete: "prop-delete",
	GraphTraverse:   "graph-traverse",
	GraphQuery:      "graph-query",

	VectorCreate:     "vector-create",
	VectorDelete:     "vector-delete",
	VectorUpdate:     "vector-update",
	VectorSearch:     "vector-search",
	VectorIndex:      "vector-index",
	VectorSimilarity: "vector-similarity",
	VectorCluster:    "vector-cluster",
	VectorEmbed:      "vector-embed",

	AgentQuery:         "agent-query",
	AgentReasoning:     "agent-reasoning",
	AgentDecision:      "agent-decision",
	AgentOrchestration: "agent-orchestration",
	AgentLearning:      "agent-learning",
	AgentInteraction:   "agent-interaction",

	SysMount:         "mount",
	SysUnmount:       "unmount",
	SysSync:          "sync",
	SysCheckpoint:    "checkpoint",
	SysRecovery:      "recovery",
	SysOptimization:  "optimization",
	SysLost:          "lost",
	SysProducerStart: "producer-start",
	SysProducerStop:  "producer-stop",
	SysClock:         "clock",
	SysLegacy:        "legacy",
	SysRemoved:       "removed",

	SemTxBegin:       "tx-begin",
	SemTxEnd:         "tx-end",
	SemCausalityLink: "causality-link",
	SemIntent:        "intent",
	SemContextSwitch: "context-switch",
	SemLink:          "semantic-link",

	ProcFork: "fork",
	ProcExec: "exec",
	ProcExit: "exit",

	ObsMetric:      "metric",
	ObsLog:         "log",
	ObsSpanStart:   "span-start",
	ObsSpanEnd:     "span-end",
	ObsAlert:       "alert",
	ObsHealth:      "health",
	ObsPerfCounter: "perf-counter",
	ObsError:       "error",
	ObsAudit:       "audit",
	ObsStatus:      "status",
	ObsResource:    "resource",
	ObsThreshold:   "threshold",
}

// Known reports whether the type is one of the constants above.
func (t Type) Known() bool {
	return int64(t) < int64(len(typeNames)) && typeNames[t] != ""
}

// String returns the word that vexjctl uses for the type, or its number in
// hexadecimal, which [ParseType] takes as well.
func (t Type) String() string {
	if t.Known() {
		return typeNames[t]
	}
	return fmt.Sprintf("0x%04x", uint32(t))
}

// TypeSlots bounds [Type.Slot].
const TypeSlots = 1 + 8*64

// Slot is a number of its own for each known type, from 1, for arrays of counters. An
// unknown type may share one of these that no known type has, or has 0.
func (t Type) Slot() int {
	const operations = 0x5f // with one of them: 0x00 to 0x1f and 0x40 to 0x5f
	if uint32(t)-0x100 >= 0x800 || t&0xff&^operations != 0 {
		return 0
	}
	return 1 + int(t>>8-1)<<6 + int(t&0x1f|t>>1&0x20)
}

// Category returns bits 8 to 15 of the type.
func (t Type) Category() Category { return Category(t) & 0xff00 }

// MarshalText makes JSON bear the word.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (t *Type) UnmarshalText(text []byte) error {
	known, ok := ParseType(string(text))
	if !ok {
		return fmt.Errorf("%q: no such type", text)
	}
	*t = known
	return nil
}

// ParseType is the inverse of [Type.String].
func ParseType(s string) (Type, bool) {
	if hex, ok := strings.CutPrefix(s, "0x"); ok {
		n, err := strconv.ParseUint(hex, 16, 32)
		return Type(n), err == nil
	}
	if s == "" {
		return 0, false
	}
	for t, name := range typeNames {
		if name == s {
			return Type(t), true
		}
	}
	return 0, false
}

// Types returns every known type in ascending order.
func Types() []Type {
	var ts []Type
	for t, name := range typeNames {
		if name != "" {
			ts = append(ts, Type(t))
		}
	}
	return ts
}
