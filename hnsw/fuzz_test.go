// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vexj/uapi"
)

var update = flag.Bool("update", false, "write testdata anew")

// smallSnapshot is a graph's snapshot with something of everything.
func smallSnapshot(t testing.TB, codes Codes) []byte {
	t.Helper()
	g := fresh(t, Config{Dims: 3, M: 3, Codes: codes})
	churn(t, g, clustered(640, 3, 6), rand.New(rand.NewPCG(3, 3)), func(int) {})
	var b bytes.Buffer
	if err := g.WriteSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzLoad: whatever the bytes are, the answer is a sound graph or an error.
// Checksums are made right first, so that what they protect is reached.
func FuzzLoad(f *testing.F) {
	good := smallSnapshot(f, SQ8)
	f.Add(uint32(90), []byte{1}, true)
	f.Add(uint32(4096+8), []byte{0xff, 0xff}, true)
	f.Add(uint32(0), []byte("VEXJ"), false)
	f.Fuzz(func(t *testing.T, at uint32, with []byte, seal bool) {
		b := slices.Clone(good)
		copy(b[int(at)%len(b):], with)
		if seal {
			sealSnapshot(b)
		}
		g, err := LoadBytes(b, Config{})
		if err != nil {
			if !errors.Is(err, ErrSnapshot) && !errors.Is(err, ErrConfig) {
				t.Fatalf("%v", err)
			}
			return
		}
		defer g.Close()
		if _, err := g.Validate(); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Search(make([]float32, g.cfg.Dims), 5, &SearchOptions{Ef: 20}); err != nil && !errors.Is(err, ErrZero) {
			t.Fatal(err)
		}
	})
}

// sealSnapshot makes the checksums of a snapshot right, as far as it is one.
func sealSnapshot(b []byte) {
	le := binary.LittleEndian
	section := func(i int) []byte {
		e := b[sectionTable+i*sectionEntry:]
		off, n := le.Uint64(e), le.Uint64(e[8:])
		if off > uint64(len(b)) || n > uint64(len(b))-off {
			return nil
		}
		return b[off : off+n]
	}
	if slots := int(le.Uint32(b[72:])); slots < 1<<20 && section(secLists) != nil {
		for i := range len(section(secSums)) / 4 {
			if i*blockSlots < slots {
				le.PutUint32(section(secSums)[4*i:], blockSum(i, slots, section(secLists), section(secVectors), section(secCodes)))
			}
		}
	}
	for i := range secLists {
		le.PutUint32(b[sectionTable+i*sectionEntry+16:], crc32.Checksum(section(i), castagnoli))
	}
	clear(b[12:16])
	le.PutUint32(b[12:], crc32.Checksum(b[:pageSize], castagnoli))
}

// FuzzApply: a record that is hostile is an error or changes nothing that Recovered
// does not make sound.
func FuzzApply(f *testing.F) {
	sink := &tape{}
	g := fresh(f, Config{Dims: 3, M: 3, Sink: sink})
	churn(f, g, clustered(60, 3, 6), rand.New(rand.NewPCG(3, 3)), func(int) {})
	f.Add(uint16(3), uint16(20), []byte{9})
	f.Add(uint16(40), uint16(4), []byte{1, 0, 0, 0, 0, 0, 0, 0})
	f.Add(uint16(1), uint16(60), []byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, which, at uint16, with []byte) {
		g := fresh(t, Config{Dims: 3, M: 3})
		for i, r := range sink.recs {
			r = slices.Clone(r)
			if i == int(which)%len(sink.recs) {
				if p := r.Payload(); len(p) > 0 {
					copy(p[int(at)%len(p):], with)
				}
			}
			if err := g.Apply(r); err != nil && !errors.Is(err, ErrRecord) && !errors.Is(err, ErrNotFinite) {
				t.Fatal(err)
			}
		}
		if _, err := g.Recovered(); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Validate(); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Search(make([]float32, 3), 5, nil); err != nil {
			t.Fatal(err)
		}
	})
}

// damages is what was done to each frozen file.
var damages = map[string]func(b []byte) []byte{
	"magic":             func(b []byte) []byte { b[0] = 'W'; return b },
	"version":           func(b []byte) []byte { b[8] = 9; return b },
	"header-checksum":   func(b []byte) []byte { b[40]++; return b },
	"cut":               func(b []byte) []byte { return b[:len(b)-4096] },
	"longer":            func(b []byte) []byte { return append(b, 0) },
	"short-header":      func(b []byte) []byte { return b[:100] },
	"no-dims":           sealed(func(b []byte) { clear(b[24:28]) }),
	"metric":            sealed(func(b []byte) { b[28] = 77 }),
	"huge-m":            sealed(func(b []byte) { b[33] = 77 }),
	"slots":             sealed(func(b []byte) { b[72]++ }),
	"many-slots":        sealed(func(b []byte) { b[75] = 0x7f }),
	"blocks":            sealed(func(b []byte) { b[76] += 3 }),
	"live":              sealed(func(b []byte) { b[80]++ }),
	"entry-slot":        sealed(func(b []byte) { b[97] = 0xee }),
	"entry-level":       sealed(func(b []byte) { b[100] += 7 }),
	"section-moved":     sealed(func(b []byte) { b[sectionTable+1]++ }),
	"section-size":      sealed(func(b []byte) { b[sectionTable+8]-- }),
	"step-zero":         sealed(func(b []byte) { clear(b[52:56]) }),
	"slot-state":        sealed(func(b []byte) { b[pageSize+12] = 9 }),
	"slot-level":        sealed(func(b []byte) { b[pageSize+13] = 30 }),
	"id-of-another":     sealed(func(b []byte) { at(b, secKnown)[0] ^= 1 }),
	"link-out-of-range": sealed(func(b []byte) { links(b)[1] = 0x7f }),
	"link-twice":        sealed(func(b []byte) { l := links(b); copy(l[4:8], l[:4]) }),
	"list-flipped":      func(b []byte) []byte { at(b, secLists)[0] ^= 4; return b },
	"vector-flipped":    func(b []byte) []byte { at(b, secVectors)[5] ^= 4; return b },
	"code-flipped":      func(b []byte) []byte { at(b, secCodes)[7] ^= 4; return b },
	"padding":           func(b []byte) []byte { b[pageSize-1] = 1; return b },
}

func sealed(do func(b []byte)) func(b []byte) []byte {
	return func(b []byte) []byte { do(b); sealSnapshot(b); return b }
}

func at(b []byte, i int) []byte {
	return b[binary.LittleEndian.Uint64(b[sectionTable+i*sectionEntry:]):]
}

// links is the first list of the lowest layer with two links.
func links(b []byte) []byte {
	l := at(b, secLists)
	for binary.LittleEndian.Uint32(l[4:]) == none {
		l = l[24:] // of M 3
	}
	return l
}

// The frozen bad snapshots stay refused, and the good one stays readable.
func TestFrozenSnapshots(t *testing.T) {
	good := filepath.Join("testdata", "good.hnsw")
	if *update {
		b := smallSnapshot(t, SQ8)
		write := func(path string, b []byte) {
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.MkdirAll(filepath.Join("testdata", "bad"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(good, b)
		for name, do := range damages {
			write(filepath.Join("testdata", "bad", name), do(slices.Clone(b)))
		}
	}
	g, err := Load(good, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Search([]float32{0, 0, 0}, 5, nil); err != nil {
		t.Error(err)
	}
	for name := range damages {
		path := filepath.Join("testdata", "bad", name)
		if g, err := Load(path, Config{}); !errors.Is(err, ErrSnapshot) {
			if err == nil {
				g.Close()
			}
			t.Errorf("%s: %v", name, err)
		} else {
			t.Logf("%s: %v", name, err)
		}
		m, err := Map(path, nil)
		if err == nil {
			if err := m.Verify(); !errors.Is(err, ErrSnapshot) && !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: mapped, and verified: %v", name, err)
			}
			m.Close()
		}
	}
}

// A record that is not what it says changes nothing.
func TestHostileRecords(t *testing.T) {
	sink := &tape{}
	g := fresh(t, Config{Dims: 3, M: 3, Sink: sink})
	for i, v := range clustered(20, 3, 6) {
		if err := g.Insert(uint64(i), v); err != nil {
			t.Fatal(err)
		}
	}
	le := binary.LittleEndian
	for name, do := range map[string]func(r uapi.Record) bool{
		"format":     func(r uapi.Record) bool { r.Payload()[0] = 9; return true },
		"operation":  func(r uapi.Record) bool { r.Payload()[1] = 9; return true },
		"dims":       func(r uapi.Record) bool { le.PutUint32(r.Payload()[12:], 4); return true },
		"parts":      func(r uapi.Record) bool { le.PutUint32(r.Payload()[4:], 1<<30); return true },
		"slot":       func(r uapi.Record) bool { return put(r, uapi.GraphNodeCreate, 24, 1<<30) },
		"used slot":  func(r uapi.Record) bool { return put(r, uapi.GraphNodeCreate, 24, 3) },
		"no slot":    func(r uapi.Record) bool { return put(r, uapi.GraphNodeCreate, 24, none) },
		"level":      func(r uapi.Record) bool { return put(r, uapi.GraphNodeCreate, 32, 99) },
		"same id":    func(r uapi.Record) bool { return put(r, uapi.GraphNodeCreate, 16, 3) },
		"list slot":  func(r uapi.Record) bool { return put(r, uapi.GraphEdgeCreate, headSize+16, 1<<30) },
		"list layer": func(r uapi.Record) bool { return put(r, uapi.GraphEdgeCreate, headSize+20, 7) },
		"list count": func(r uapi.Record) bool { return put(r, uapi.GraphEdgeCreate, headSize+20, 0xffff<<16) },
		"link":       func(r uapi.Record) bool { return put(r, uapi.GraphEdgeCreate, headSize+listHead, 1<<30) },
		"NaN":        func(r uapi.Record) bool { return put(r, uapi.GraphPropSet, headSize, 0x7fc00000) },
	} {
		other := fresh(t, Config{Dims: 3, M: 3})
		failed := false
		for _, r := range sink.recs {
			r = slices.Clone(r)
			if first, _ := r.U64(uapi.AttrTransaction); first == lastOperation(sink.recs) {
				do(r)
			}
			if err := other.Apply(r); err != nil {
				failed = true
				if !errors.Is(err, ErrRecord) && !errors.Is(err, ErrNotFinite) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if !failed {
			t.Errorf("%s: was taken", name)
		}
		if _, err := other.Recovered(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := other.Validate(); err != nil || other.Len() != 19 {
			t.Errorf("%s: %d nodes, %v", name, other.Len(), err)
		}
	}
}

func lastOperation(recs []uapi.Record) uint64 {
	n, _ := recs[len(recs)-1].U64(uapi.AttrTransaction)
	return n
}

func put(r uapi.Record, typ uapi.Type, at int, v uint32) bool {
	if r.Type() == typ {
		binary.LittleEndian.PutUint32(r.Payload()[at:], v)
	}
	return true
}
