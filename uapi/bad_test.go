// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

// Offsets in the record that plain builds: its attributes are a path of five
// bytes with three of padding, and the identity of a session.
const (
	pathAt    = HeaderSize
	sessionAt = pathAt + 12
	plainEnd  = sessionAt + 12
)

func plain(t *testing.T) []byte {
	b := NewBuilder(nil)
	b.Begin(sampleHeader(FSStat))
	b.AddString(AttrPath, "/path")
	b.AddU64(AttrSession, 1)
	rec := finish(t, b)
	if len(rec) != plainEnd {
		t.Fatalf("the plain record has %d bytes", len(rec))
	}
	return rec
}

func legacy(t *testing.T) []byte {
	b := NewBuilder(nil)
	h := sampleHeader(FSStat)
	h.Version = Version1
	b.Begin(h)
	b.Context(make([]byte, context1Size))
	return finish(t, b)
}

func set16(off int, v uint16) func([]byte) []byte {
	return func(b []byte) []byte { binary.LittleEndian.PutUint16(b[off:], v); return b }
}

func set32(off int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[off:], v); return b }
}

func all(fs ...func([]byte) []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		for _, f := range fs {
			b = f(b)
		}
		return b
	}
}

func cut(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }

// more appends to the context of a record that has nothing after it.
func more(v ...byte) func([]byte) []byte {
	return func(b []byte) []byte {
		b = append(b, v...)
		n := uint32(len(b))
		return all(set32(64, n), set32(68, n-HeaderSize))(b)
	}
}

// The file testdata/bad/NAME.bin has the defect that its name says. Size sees it
// too if inSize is set.
var defects = []struct {
	name   string
	from   func(*testing.T) []byte
	spoil  func([]byte) []byte
	field  string
	offset int
	kind   error
	inSize bool
}{
	{"empty", plain, cut(0), "vexj_record", 0, ErrTruncated, true},
	{"header-cut", plain, cut(HeaderSize - 1), "vexj_record", HeaderSize - 1, ErrTruncated, true},
	{"record-cut", plain, cut(plainEnd - 1), "event_size", 64, ErrTruncated, true},
	{"all-zero", plain, func(b []byte) []byte { clear(b); return b }, "event_version", 80, ErrVersion, true},
	{"all-ones", plain, func(b []byte) []byte { return bytes.Repeat([]byte{0xff}, len(b)) }, "event_version", 80, ErrVersion, true},
	{"version-0", plain, set32(80, 0), "event_version", 80, ErrVersion, true},
	{"version-3", plain, set32(80, 3), "event_version", 80, ErrVersion, true},
	{"size-0", plain, set32(64, 0), "event_size", 64, nil, true},
	{"size-below-header", plain, all(set32(64, 128), set32(68, 0)), "event_size", 64, nil, true},
	{"size-odd", plain, set32(64, plainEnd-2), "event_size", 64, nil, true},
	{"size-too-small", plain, set32(64, plainEnd-4), "event_size", 64, nil, true},
	{"size-too-large", plain, all(set32(64, plainEnd+4), func(b []byte) []byte { return append(b, 0, 0, 0, 0) }), "event_size", 64, nil, true},
	{"size-over-limit", plain, all(set32(64, MaxRecord+4), set32(72, MaxRecord+4-plainEnd),
		func(b []byte) []byte { return append(b, make([]byte, MaxRecord+4-plainEnd)...) }), "event_size", 64, nil, true},
	{"size-max-uint32", plain, set32(64, ^uint32(0)), "event_size", 64, nil, true},
	{"context-odd", plain, set32(68, plainEnd-HeaderSize-1), "context_size", 68, nil, true},
	{"context-beyond-record", plain, set32(68, plainEnd), "event_size", 64, nil, true},
	{"context-max-uint32", plain, set32(68, ^uint32(3)), "event_size", 64, nil, true},
	{"payload-beyond-record", plain, set32(72, 1), "event_size", 64, nil, true},
	{"payload-wraps", plain, set32(72, ^uint32(0)), "event_size", 64, nil, true},
	{"metadata-beyond-record", plain, set32(76, 9), "event_size", 64, nil, true},
	{"metadata-wraps", plain, set32(76, ^uint32(3)), "event_size", 64, nil, true},
	{"links-beyond-record", plain, set32(96, 1), "event_size", 64, nil, true},
	// 160 * 0x08000000 is a multiple of 2^32.
	{"links-wrap", plain, set32(96, 0x08000000), "event_size", 64, nil, true},
	{"checksum-set", plain, set32(84, 1), "checksum", 84, nil, true},
	{"compression-set", plain, set32(88, 2), "compression_type", 88, nil, true},
	{"encryption-set", plain, set32(92, 1), "encryption_type", 92, nil, true},

	{"attr-longer-than-context", plain, set16(sessionAt+2, 12), "session", sessionAt, nil, false},
	{"attr-length-max", plain, set16(pathAt+2, 0xffff), "path", pathAt, nil, false},
	{"attr-padding-cut", plain, more(4, 0, 5, 0, 'a', 'b', 'c', 'd'), "path", plainEnd, nil, false},
	{"attr-padding-not-zero", plain, func(b []byte) []byte { b[pathAt+10] = 'x'; return b }, "path", pathAt + 9, nil, false},
	{"attr-twice", plain, more(65, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8), "session", plainEnd, nil, false},
	{"attr-bytes-twice", plain, more(4, 0, 0, 0), "path", plainEnd, nil, false},
	{"attr-u64-too-short", plain, more(64, 0, 4, 0, 1, 2, 3, 4), "transaction", plainEnd, nil, false},
	{"attr-u32-too-long", plain, more(70, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8), "graph-op", plainEnd, nil, false},
	{"attr-u32-empty", plain, more(70, 0, 0, 0), "graph-op", plainEnd, nil, false},
	{"attr-struct-too-short", plain, more(10, 0, 4, 0, 1, 2, 3, 4), "owner", plainEnd, nil, false},
	{"attr-struct-too-long", plain, more(10, 0, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), "owner", plainEnd, nil, false},
	{"path-ends-in-nul", plain, func(b []byte) []byte { b[pathAt+8] = 0; return b }, "path", pathAt, nil, false},
	{"path2-too-long", plain, more(append([]byte{5, 0, 1, 16}, append(bytes.Repeat([]byte{'p'}, MaxPath+1), 0, 0, 0)...)...), "path2", plainEnd, nil, false},
	{"name-ends-in-nul", plain, more(6, 0, 4, 0, 'a', 'b', 'c', 0), "name", plainEnd, nil, false},

	{"v1-context-short", legacy, all(set32(68, 5276), set32(64, HeaderSize+5276)), "context_size", 68, nil, true},
	{"v1-attributes", plain, set32(80, 1), "context_size", 68, nil, true},
	{"v1-payload-over-limit", legacy, set32(72, payload1Max+1), "payload_size", 72, nil, true},
	{"v1-metadata-over-limit", legacy, set32(76, metadata1Max+1), "metadata_size", 76, nil, true},
	{"v1-links-over-limit", legacy, set32(96, links1Max+1), "causality_link_count", 96, nil, true},
	{"v1-cut", legacy, cut(5000), "event_size", 64, ErrTruncated, true},
}

func TestCheckRefuses(t *testing.T) {
	const frozen = "testdata/bad"
	var known []string
	for _, d := range defects {
		known = append(known, d.name)
		t.Run(d.name, func(t *testing.T) {
			path := filepath.Join(frozen, d.name+".bin")
			bad := d.spoil(slices.Clone(d.from(t)))
			if *update {
				writeFile(t, path, bad)
			}
			if file := readFile(t, path); !bytes.Equal(file, bad) {
				t.Fatalf("%s is not what this test makes; -update rewrites it", path)
			}
			rec, err := Check(bad)
			if err == nil || rec != nil {
				t.Fatal("accepted")
			}
			var fe *FormatError
			if !errors.As(err, &fe) || !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v is no FormatError", err)
			}
			if fe.Field != d.field || fe.Offset != d.offset || fe.Kind != d.kind {
				t.Errorf("got field %q, offset %d, kind %v; want %q, %d, %v: %v", fe.Field, fe.Offset, fe.Kind, d.field, d.offset, d.kind, err)
			}
			if d.kind != nil && !errors.Is(err, d.kind) {
				t.Errorf("%v does not wrap %v", err, d.kind)
			}
			if _, err := Size(bad); (err != nil) != d.inSize {
				t.Errorf("Size says %v", err)
			}
			if !d.inSize {
				touch(Record(bad))
			}
		})
	}
	slices.Sort(known)
	if got := names(readDir(t, frozen, ".bin")); !slices.Equal(got, known) {
		t.Errorf("%s has  %q\nthe table %q", frozen, got, known)
	}
}
