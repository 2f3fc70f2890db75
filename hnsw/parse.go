// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"encoding/binary"
	"fmt"

	"vexj/uapi"
)

// A list is one of a record: the links of a node in a layer.
type list struct {
	version uint64
	slot    uint32
	layer   uint16
	links   []uint32
}

// redoneOp is an operation as its records have it.
type redoneOp struct {
	kind         opKind
	id           uint64
	slot, gone   uint32
	level        int
	entry        entry
	entryVersion uint64
	vector       []byte
	lists        []list
	freed        []uint32
}

type head struct {
	kind              opKind
	parts, part, dims int
}

func parseHead(b []byte) (h head, err error) {
	if len(b) < headSize {
		return h, fmt.Errorf("%w: a payload of %d bytes", ErrRecord, len(b))
	}
	if b[0] != formatV1 {
		return h, fmt.Errorf("%w: format %d: if a newer vexj made it, read it with that one", ErrRecord, b[0])
	}
	le := binary.LittleEndian
	h.kind, h.parts, h.part, h.dims = opKind(b[1]), int(le.Uint32(b[4:])), int(le.Uint32(b[8:])), int(le.Uint32(b[12:]))
	if h.kind < opInsert || h.kind > opSweep || h.parts >= spread || h.part >= h.parts || b[2]|b[3] != 0 {
		return h, fmt.Errorf("%w: part %d of %d of an operation %d", ErrRecord, h.part, h.parts, h.kind)
	}
	return h, nil
}

// parse reads all records of an operation, and believes none of them.
func (g *Graph) parse(recs []uapi.Record) (*redoneOp, error) {
	o := &redoneOp{}
	for i, rec := range recs {
		b := rec.Payload()
		h, err := parseHead(b)
		if err != nil {
			return nil, err
		}
		if i > 0 && h.kind != o.kind || h.dims != g.cfg.Dims {
			return nil, fmt.Errorf("%w: an operation %d on %d dimensions, the graph has %d", ErrRecord, h.kind, h.dims, g.cfg.Dims)
		}
		o.kind = h.kind
		b = b[headSize:]
		switch t := rec.Type(); {
		case i == 0:
			err = g.parseNode(o, t, b)
		case t == uapi.GraphPropSet:
			o.vector = append(o.vector, b...)
		case t == uapi.GraphPropDelete:
			o.freed, err = parseSlots(o.freed, b)
		case t == uapi.GraphEdgeCreate || t == uapi.GraphEdgeUpdate || t == uapi.GraphEdgeDelete:
			err = g.parseLists(o, b)
		default:
			err = fmt.Errorf("%w: %s is not the first part", ErrRecord, t)
		}
		if err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (g *Graph) parseNode(o *redoneOp, t uapi.Type, b []byte) error {
	if int(o.kind) >= len(nodeTypes) || nodeTypes[o.kind] != t {
		return fmt.Errorf("%w: operation %d begins with %s", ErrRecord, o.kind, t)
	}
	if len(b) != nodeSize-headSize {
		return fmt.Errorf("%w: %s with a payload of %d bytes", ErrRecord, t, len(b)+headSize)
	}
	le := binary.LittleEndian
	o.id, o.slot, o.gone, o.level = le.Uint64(b), le.Uint32(b[8:]), le.Uint32(b[12:]), int(le.Uint32(b[16:]))
	o.entryVersion, o.entry = le.Uint64(b[24:]), entry{le.Uint32(b[20:]), int(le.Uint64(b[32:]) & (1<<32 - 1))}
	adds, removes := o.kind == opInsert || o.kind == opUpdate, o.kind == opDelete || o.kind == opUpdate
	if adds != (o.slot != none) || removes != (o.gone != none) || o.level < 0 || o.level > maxLevel || adds && o.slot >= maxSlots {
		return fmt.Errorf("%w: operation %d of slots %d and %d with level %d", ErrRecord, o.kind, o.slot, o.gone, o.level)
	}
	return nil
}

func parseSlots(to []uint32, b []byte) ([]uint32, error) {
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("%w: %d bytes of slots", ErrRecord, len(b))
	}
	for ; len(b) > 0; b = b[4:] {
		to = append(to, binary.LittleEndian.Uint32(b))
	}
	return to, nil
}

func (g *Graph) parseLists(o *redoneOp, b []byte) error {
	le := binary.LittleEndian
	for len(b) > 0 {
		if len(b) < listHead {
			return fmt.Errorf("%w: %d bytes of a list", ErrRecord, len(b))
		}
		l := list{version: le.Uint64(b[8:]), slot: le.Uint32(b[16:]), layer: le.Uint16(b[20:])}
		n := int(le.Uint16(b[22:]))
		if len(b) < listHead+4*n || l.layer > maxLevel || n > g.most(int(l.layer)) || l.slot >= maxSlots {
			return fmt.Errorf("%w: %d links in layer %d of slot %d", ErrRecord, n, l.layer, l.slot)
		}
		// A whole number of slots: it cannot fail.
		l.links, _ = parseSlots(nil, b[listHead:listHead+4*n])
		o.lists = append(o.lists, l)
		b = b[listHead+4*n:]
	}
	return nil
}
