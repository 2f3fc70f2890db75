// SPDX-License-Identifier: Apache-2.0

package uapi

import "strconv"

// Tag names an attribute.
type Tag uint16

const (
	AttrTask   Tag = 1
	AttrFile   Tag = 2
	AttrIO     Tag = 3
	AttrPath   Tag = 4
	AttrPath2  Tag = 5
	AttrName   Tag = 6
	AttrParent Tag = 7
	AttrFile2  Tag = 8
	AttrOpen   Tag = 9
	AttrOwner  Tag = 10
	AttrTimes  Tag = 11
	AttrChild  Tag = 12
	AttrArgv   Tag = 13
	AttrRdev   Tag = 14
	AttrLock   Tag = 15

	AttrDeclared Tag = 16
	AttrValue    Tag = 17

	AttrLost      Tag = 32
	AttrProducer  Tag = 33
	AttrCoverage  Tag = 34
	AttrClock     Tag = 35
	AttrRemoved   Tag = 36
	AttrConsumers Tag = 37

	AttrVectorMetric Tag = 48
	AttrSearch       Tag = 49
	AttrResults      Tag = 50
	AttrPart         Tag = 51
	AttrCollection   Tag = 52
	AttrModel        Tag = 53
	AttrSimilarity   Tag = 54
	AttrCluster      Tag = 55

	AttrTransaction     Tag = 64
	AttrSession         Tag = 65
	AttrChain           Tag = 66
	AttrFileType        Tag = 67
	AttrGraphNode       Tag = 68
	AttrGraphEdge       Tag = 69
	AttrGraphOp         Tag = 70
	AttrVectorID        Tag = 71
	AttrVectorDims      Tag = 72
	AttrVectorElem      Tag = 73
	AttrAgentID         Tag = 74
	AttrAgentIntent     Tag = 75
	AttrAgentConfidence Tag = 76
	AttrSystemLoad      Tag = 77
	AttrSystemMemory    Tag = 78
	AttrSystemIO        Tag = 79
	AttrTags            Tag = 80
	AttrSemIntent       Tag = 81
	AttrSemConfidence   Tag = 82

	AttrLegacy    Tag = 96
	AttrLegacyFix Tag = 97
)

// anySize is the size of an attribute that is bytes.
const anySize = -1

// Dense up to the highest tag, so that the check of an attribute is one load.
var tags = [...]struct {
	name string
	size int
}{
	AttrTask:   {"task", taskSize},
	AttrFile:   {"file", fileSize},
	AttrIO:     {"io", ioSize},
	AttrPath:   {"path", anySize},
	AttrPath2:  {"path2", anySize},
	AttrName:   {"name", anySize},
	AttrParent: {"parent", parentsSize},
	AttrFile2:  {"file2", fileSize},
	AttrOpen:   {"open", openSize},
	AttrOwner:  {"owner", ownerSize},
	AttrTimes:  {"times", timesSize},
	AttrChild:  {"child", childSize},
	AttrArgv:   {"argv", anySize},
	AttrRdev:   {"rdev", rdevSize},
	AttrLock:   {"lock", lockSize},

	AttrDeclared: {"declared", anySize},
	AttrValue:    {"value", anySize},

	AttrLost:      {"lost", lostSize},
	AttrProducer:  {"producer", producerSize},
	AttrCoverage:  {"coverage", anySize},
	AttrClock:     {"clock", clockSize},
	AttrRemoved:   {"removed", removedSize},
	AttrConsumers: {"consumers", anySize},

	AttrVectorMetric: {"vector-metric", 4},
	AttrSearch:       {"search", searchSize},
	AttrResults:      {"results", anySize},
	AttrPart:         {"part", partSize},
	AttrCollection:   {"collection", anySize},
	AttrModel:        {"model", anySize},
	AttrSimilarity:   {"similarity", similaritySize},
	AttrCluster:      {"cluster", clusterSize},

	AttrTransaction:     {"transaction", 8},
	AttrSession:         {"session", 8},
	AttrChain:           {"chain", 8},
	AttrFileType:        {"file-type", 4},
	AttrGraphNode:       {"graph-node", 8},
	AttrGraphEdge:       {"graph-edge", 8},
	AttrGraphOp:         {"graph-op", 4},
	AttrVectorID:        {"vector-id", 8},
	AttrVectorDims:      {"vector-dims", 4},
	AttrVectorElem:      {"vector-elem", 4},
	AttrAgentID:         {"agent-id", anySize},
	AttrAgentIntent:     {"agent-intent", anySize},
	AttrAgentConfidence: {"agent-confidence", 4},
	AttrSystemLoad:      {"system-load", 4},
	AttrSystemMemory:    {"system-memory", 8},
	AttrSystemIO:        {"system-io", 4},
	AttrTags:            {"tags", anySize},
	AttrSemIntent:       {"sem-intent", anySize},
	AttrSemConfidence:   {"sem-confidence", 4},

	AttrLegacy:    {"legacy", legacySize},
	AttrLegacyFix: {"legacy-fix", anySize},
}

// Known reports whether the tag is one of the constants above.
func (t Tag) Known() bool { return int(t) < len(tags) && tags[t].name != "" }

// Size returns the size that an attribute of this tag has; ok is false for one
// that is bytes of any number, or unknown.
func (t Tag) Size() (n int, ok bool) {
	if !t.Known() || tags[t].size == anySize {
		return 0, false
	}
	return tags[t].size, true
}

// String returns the tag's word, or its number.
func (t Tag) String() string {
	if t.Known() {
		return tags[t].name
	}
	return strconv.Itoa(int(t))
}

// ParseTag is the inverse of [Tag.String] for known tags.
func ParseTag(s string) (Tag, bool) {
	if s == "" {
		return 0, false
	}
	for t := range tags {
		if tags[t].name == s {
			return Tag(t), true
		}
	}
	return 0, false
}

// Tags returns every known tag in ascending order.
func Tags() []Tag {
	var ts []Tag
	for t := range tags {
		if tags[t].name != "" {
			ts = append(ts, Tag(t))
		}
	}
	return ts
}
