// SPDX-License-Identifier: Apache-2.0

package compat

import "vexj/uapi"

// An envelope keeps in the metadata of a version 1 event what its context has
// no field for: the attributes of the version 2 record, in their order. One
// whose value is in the context has no value here.
//
//	the record's own metadata
//	run of attributes: {tag u16, len u16, len bytes, padding to 4}, or, for
//	                   what is in the context, {tag u16, 0xffff}
//	bytes of the record's own metadata u32
//	bytes of the run u32
//	magic "\x8fVEXJv2\n"
//
// The limit of metadata, 2,048 bytes, holds for all of it.
const (
	envelopeTail = 16
	attrHead     = 4
	inContext    = 0xffff
)

var envelopeMagic = [8]byte{0x8f, 'V', 'E', 'X', 'J', 'v', '2', '\n'}

func endsInEnvelope(metadata []byte) bool {
	return len(metadata) >= len(envelopeMagic) && [8]byte(metadata[len(metadata)-8:]) == envelopeMagic
}

func appendEnvelope(metadata []byte, own int, run []byte) []byte {
	metadata = append(metadata, run...)
	metadata = le.AppendUint32(metadata, uint32(own))
	metadata = le.AppendUint32(metadata, uint32(len(run)))
	return append(metadata, envelopeMagic[:]...)
}

func splitEnvelope(metadata []byte) (own, run []byte, ok bool) {
	if !endsInEnvelope(metadata) || len(metadata) < envelopeTail {
		return nil, nil, false
	}
	tail := metadata[len(metadata)-envelopeTail:]
	n, m := uint64(le.Uint32(tail)), uint64(le.Uint32(tail[4:]))
	if n+m+envelopeTail != uint64(len(metadata)) || !soundRun(metadata[n:n+m]) {
		return nil, nil, false
	}
	return metadata[:n], metadata[n : n+m], true
}

// soundRun reports whether the attributes of a run fill it exactly.
func soundRun(run []byte) bool {
	for len(run) > 0 {
		if len(run) < attrHead {
			return false
		}
		n := int(le.Uint16(run[2:]))
		switch {
		case n == inContext:
			n = 0
			if fieldOf(uapi.Tag(le.Uint16(run))) < 0 {
				return false
			}
		case attrHead+align(n) > len(run):
			return false
		}
		run = run[attrHead+align(n):]
	}
	return true
}

// fillContext writes to the context of an event what a record has for it, and
// returns the run of an envelope. all says that the run is not needed: the
// attributes are those that the context alone would make.
func fillContext(context []byte, rec uapi.Record, lacks func(uapi.Tag)) (run []byte, all bool) {
	all = true
	next := 0
	for tag, v := range rec.Attrs() {
		if tag == uapi.AttrLegacy || tag == uapi.AttrLegacyFix {
			continue
		}
		run = le.AppendUint16(run, uint16(tag))
		if i := fieldOf(tag); i >= 0 && contextFields[i].put(context, rec, v) {
			run = le.AppendUint16(run, inContext)
			// In another order it fits, and the order has to be told.
			all = all && i >= next
			next = i + 1
			continue
		}
		all = false
		if lacks != nil {
			lacks(tag)
		}
		run = le.AppendUint16(run, uint16(len(v)))
		run = append(run, v...)
		run = append(run, zeroes[:align(len(v))-len(v)]...)
	}
	return run, all
}

// addRun adds the attributes of a sound run.
func addRun(b *uapi.Builder, context, run []byte) {
	for len(run) > 0 {
		tag, n := uapi.Tag(le.Uint16(run)), int(le.Uint16(run[2:]))
		run = run[attrHead:]
		if n == inContext {
			contextFields[fieldOf(tag)].add(b, context)
			continue
		}
		b.AddBytes(tag, run[:n])
		run = run[align(n):]
	}
}
