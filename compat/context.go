// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"

	"vexj/uapi"
)

type contextKind int

const (
	contextText contextKind = iota // padded with NULs, or full
	contextU32
	contextU64
	contextInode // u64: the inode of the file attribute
)

// A contextField is a field of the fixed context of version 1.
type contextField struct {
	name   string
	tag    uapi.Tag
	kind   contextKind
	offset int
	size   int
}

// contextFields, in the order in which their attributes are made.
var contextFields = []contextField{
	{"transaction_id", uapi.AttrTransaction, contextU64, 0, 8},
	{"session_id", uapi.AttrSession, contextU64, 8, 8},
	{"causality_chain_id", uapi.AttrChain, contextU64, 16, 8},
	{"path", uapi.AttrPath, contextText, 24, 4096},
	{"inode", uapi.AttrFile, contextInode, 4120, 8},
	{"file_type", uapi.AttrFileType, contextU32, 4128, 4},
	{"graph_node", uapi.AttrGraphNode, contextU64, 4132, 8},
	{"graph_edge", uapi.AttrGraphEdge, contextU64, 4140, 8},
	{"graph_op", uapi.AttrGraphOp, contextU32, 4148, 4},
	{"vector_id", uapi.AttrVectorID, contextU64, 4152, 8},
	{"vector_dimensions", uapi.AttrVectorDims, contextU32, 4160, 4},
	{"vector_element_type", uapi.AttrVectorElem, contextU32, 4164, 4},
	{"agent_id", uapi.AttrAgentID, contextText, 4168, 64},
	{"agent_intent", uapi.AttrAgentIntent, contextText, 4232, 256},
	{"agent_confidence", uapi.AttrAgentConfidence, contextU32, 4488, 4},
	{"system_load", uapi.AttrSystemLoad, contextU32, 4492, 4},
	{"memory_usage", uapi.AttrSystemMemory, contextU64, 4496, 8},
	{"io_pressure", uapi.AttrSystemIO, contextU32, 4504, 4},
	{"semantic_tags", uapi.AttrTags, contextText, 4508, 512},
	{"semantic_intent", uapi.AttrSemIntent, contextText, 5020, 256},
	{"semantic_confidence", uapi.AttrSemConfidence, contextU32, 5276, 4},
}

// fieldOf returns the place of the field for an attribute, -1 if there is none.
func fieldOf(tag uapi.Tag) int {
	for i := range contextFields {
		if contextFields[i].tag == tag {
			return i
		}
	}
	return -1
}

// add adds the attribute of what the field holds in a context; none if that is
// zero.
func (f *contextField) add(b *uapi.Builder, context []byte) {
	v := context[f.offset : f.offset+f.size]
	switch f.kind {
	case contextText:
		if n := bytes.IndexByte(v, 0); n >= 0 {
			v = v[:n]
		}
		if len(v) > 0 {
			b.AddBytes(f.tag, v)
		}
	case contextU32:
		if n := le.Uint32(v); n != 0 {
			b.AddU32(f.tag, n)
		}
	case contextU64:
		if n := le.Uint64(v); n != 0 {
			b.AddU64(f.tag, n)
		}
	case contextInode:
		if n := le.Uint64(v); n != 0 {
			b.AddFile(uapi.File{Inode: n})
		}
	}
}

// put writes an attribute's value to the field, as far as it fits, and reports
// whether add would make the same attribute of it again.
func (f *contextField) put(context []byte, rec uapi.Record, v []byte) (fits bool) {
	dst := context[f.offset : f.offset+f.size]
	switch f.kind {
	case contextText:
		n := copy(dst, v)
		return len(v) > 0 && n == len(v) && bytes.IndexByte(v, 0) < 0
	case contextInode:
		file, ok := rec.File()
		if !ok {
			return false
		}
		le.PutUint64(dst, file.Inode)
		return file == uapi.File{Inode: file.Inode} && file.Inode != 0
	}
	if len(v) != f.size {
		return false
	}
	copy(dst, v)
	return !allZero(v)
}
