// SPDX-License-Identifier: Apache-2.0

package compat

import "encoding/json"

// A bincodeReader reads Rust's bincode, version 1, as the legacy writer used
// it: little-endian, fixed-width, lengths of 8 bytes, a byte before what is
// optional, the number of a variant in 4. Once something does not fit, all that
// follows is zero.
type bincodeReader struct {
	b      []byte
	failed bool
}

func (r *bincodeReader) take(n uint64) []byte {
	if r.failed || n > uint64(len(r.b)) {
		r.failed = true
		return make([]byte, 8)[:min(n, 8)]
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *bincodeReader) u32() uint32 { return le.Uint32(r.take(4)) }
func (r *bincodeReader) u64() uint64 { return le.Uint64(r.take(8)) }

// flag reads a bool, or what says whether something is there.
func (r *bincodeReader) flag() bool {
	v := r.take(1)[0]
	r.failed = r.failed || v > 1
	return v == 1
}

func (r *bincodeReader) text() string {
	n := r.u64()
	if n > uint64(len(r.b)) {
		r.failed = true
		return ""
	}
	return string(r.take(n))
}

func optional[T any](r *bincodeReader, read func() T) *T {
	if !r.flag() || r.failed {
		return nil
	}
	v := read()
	return &v
}

// readBincode reads an event up to its semantic context; payload and metadata
// follow in a form that cannot be read without knowing what they are. It
// reports whether the data has the structure.
func (f *semanticFacts) readBincode(data []byte) bool {
	r := &bincodeReader{b: data}
	r.u64() // event_id and event_type: the entry says them
	r.u32()
	f.Subtype = optional(r, r.u32)
	f.Timestamp.Time = r.text()
	f.Timestamp.Sequence, f.Timestamp.CPU, f.Timestamp.PID = r.u64(), r.u32(), r.u32()
	f.GlobalSequence, f.LocalSequence = r.u64(), r.u64()
	f.Flags = semanticFlags{r.flag(), r.flag(), r.flag(), r.flag(), r.flag(), r.flag(), r.flag(), r.flag()}
	f.Priority = semanticWord(r.u32() + 1)
	r.u32() // event_size
	r.u32() // event_version
	for range 3 {
		optional(r, r.u32) // checksum, compression_type, encryption_type
	}
	f.bincodeLinks(r)
	f.Parent, f.RootCause = optional(r, r.u64), optional(r, r.u64)
	f.Visibility, f.Relevance, f.ReplayPriority = r.u64(), r.u32(), r.u32()
	f.bincodeContext(r)
	return !r.failed
}

func (f *semanticFacts) bincodeLinks(r *bincodeReader) {
	for n := r.u64(); n > 0 && !r.failed; n-- {
		f.Links = append(f.Links, semanticLink{r.u64(), r.u64(), r.u32(), r.u32(), r.u64(), optional(r, r.text)})
	}
}

func (f *semanticFacts) bincodeContext(r *bincodeReader) {
	c := &f.Context
	c.Transaction, c.Session, c.Chain = optional(r, r.u64), optional(r, r.u64), optional(r, r.u64)
	present := func(read func()) {
		if r.flag() && !r.failed {
			read()
		}
	}
	present(func() {
		c.Filesystem = alloc(c.Filesystem)
		c.Filesystem.Path, c.Filesystem.Inode = r.text(), optional(r, r.u64)
		optional(r, r.text) // file_type, a word
	})
	present(func() {
		c.Graph = alloc(c.Graph)
		c.Graph.Node, c.Graph.Edge, c.Graph.Operation = optional(r, r.u64), optional(r, r.u64), optional(r, r.u32)
	})
	present(func() {
		c.Vector = alloc(c.Vector)
		c.Vector.ID, c.Vector.Dimensions, c.Vector.Element = optional(r, r.u64), optional(r, r.u32), optional(r, r.u32)
	})
	present(func() {
		c.Agent = alloc(c.Agent)
		c.Agent.ID, c.Agent.Intent, c.Agent.Confidence = r.text(), optional(r, r.text), optional(r, r.u32)
	})
	present(func() {
		c.System = alloc(c.System)
		c.System.Load, c.System.Memory, c.System.IO = optional(r, r.u32), optional(r, r.u64), optional(r, r.u32)
	})
	present(func() {
		c.Semantic = alloc(c.Semantic)
		tags := map[string]string{}
		for n := r.u64(); n > 0 && !r.failed; n-- {
			name := r.text()
			tags[name] = r.text()
		}
		c.Semantic.Tags, _ = json.Marshal(tags) // of strings: never fails
		c.Semantic.Intent, c.Semantic.Confidence = optional(r, r.text), optional(r, r.u32)
	})
}

// alloc makes room for what a pointer of a nameless type points to.
func alloc[T any](*T) *T { return new(T) }
