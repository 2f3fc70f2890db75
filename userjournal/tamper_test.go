// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A forger knows the format as well as anybody and makes a journal again with
// other records. How much of what depends on them it makes again is its effort.
type forger struct {
	effort effort
	// change returns the records of the block that begins with the ordinal;
	// nil leaves it out.
	change func(first uint64, raw []byte) []byte
	resign *SigningKey
}

type effort int

const (
	checksums effort = iota // CRCs and zone maps
	digests                 // and the digest of the block
	chains                  // and all that is behind it, with new ordinals
)

func (f *forger) run(t testing.TB, from string) (to string) {
	t.Helper()
	to = t.TempDir()
	names, _, err := listSegments(OSFS, from)
	if err != nil {
		t.Fatal(err)
	}
	var before *segmentWriter
	for i, name := range names {
		file, err := OSFS.Open(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := loadSegment(file, name, footerDigests)
		if err != nil {
			t.Fatal(err)
		}
		h := *s.header
		if i > 0 && f.effort == chains {
			n := before.header.following(&before.footer, before.footer.next)
			h.First, h.Records, h.Raw, h.Previous = n.First, n.Records, n.Raw, n.Previous
		}
		sw, err := createSegment(OSFS, to, h)
		if err != nil {
			t.Fatal(err)
		}
		f.blocks(t, file, s, sw)
		sw.signer = f.resign
		if f.resign == nil {
			sw.footer.sign = s.footer.sign
		}
		if err := sw.seal(s.footer.flags); err != nil {
			t.Fatal(err)
		}
		before = sw
		if err := sw.file.Close(); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	return to
}

func (f *forger) blocks(t testing.TB, file File, s *segment, sw *segmentWriter) {
	t.Helper()
	var b blockBuffer
	p := blockPacker{}
	for i := range s.footer.entries {
		e := &s.footer.entries[i]
		if err := b.load(file, e, s.header.Salt); err != nil {
			t.Fatal(err)
		}
		raw := f.change(e.first, append([]byte(nil), b.records...))
		if raw == nil {
			continue
		}
		first := e.first
		if f.effort == chains {
			first = sw.footer.next
		}
		p.make(sealedBuffer(first, raw), CodecDelta)
		blk := &p.block
		blk.before = b.blk.before
		switch f.effort {
		case checksums:
			blk.digest = b.blk.digest
		case chains:
			blk.before = sw.footer.chain
		}
		encodeBlockHeader(p.out, &blk.zone, blk.codec, blk.stored, blk.raw, blk.digest)
		chainBlock(p.out, sw.header.Salt, blk.before)
		blk.headerCRC = sealBlock(p.out, blk.header)
		if err := sw.put(p.out, blk); err != nil {
			t.Fatal(err)
		}
	}
	if f.effort != chains {
		sw.footer.chain = s.footer.chain
	}
}

// sealedBuffer is one that appenders have filled with the records in raw.
func sealedBuffer(first uint64, raw []byte) *buffer {
	b := newBuffer(MaxBlockSize)
	records := uint64(0)
	for rest := raw; len(rest) > 0; rest = rest[le.Uint32(rest[recSize:]):] {
		records++
	}
	b.openFor(first, len(raw), records)
	copy(b.data, raw)
	b.copied(len(raw))
	return b
}

// changes are what a forger may do to the block of ordinals 41 to 50 of the
// journal that smallJournal makes.
var changes = []struct {
	name   string
	change func(raw []byte) []byte
}{
	{"nothing", nil},
	{"changed", func(raw []byte) []byte { raw[recRoot] ^= 1; return raw }},
	{"dropped", func(raw []byte) []byte { return raw[le.Uint32(raw[recSize:]):] }},
	{"inserted", func(raw []byte) []byte { return append(raw[:len(raw):len(raw)], raw[:le.Uint32(raw[recSize:])]...) }},
	{"reordered", func(raw []byte) []byte {
		n := le.Uint32(raw[recSize:])
		return append(raw[n:len(raw):len(raw)], raw[:n]...)
	}},
	{"block dropped", func([]byte) []byte { return nil }},
}

func at(first uint64, change func([]byte) []byte) func(uint64, []byte) []byte {
	return func(f uint64, raw []byte) []byte {
		if f == first && change != nil {
			return change(raw)
		}
		return raw
	}
}

// Whatever a forger does is found: without evidence if it does not make all of
// the chain again, and else by a checkpoint or a signature. What they say bounds
// where it was done.
func TestTampering(t *testing.T) {
	key := NewSigningKey()
	dir := t.TempDir()
	var points []Checkpoint
	recs := newWorkload(3).records(90)
	writeSegments(t, dir, recs, Options{Key: key}, func() { points = append(points, checkpoint(t, dir)) })
	other := NewSigningKey()
	for _, effort := range []effort{checksums, digests, chains} {
		for _, c := range changes {
			for _, resign := range []*SigningKey{nil, other} {
				f := forger{effort, at(41, c.change), resign}
				t.Run(fmt.Sprintf("%s/%d/%v", c.name, effort, resign != nil), func(t *testing.T) {
					forged := f.run(t, dir)
					alone := findings(t, forged, Evidence{})
					pointed := findings(t, forged, Evidence{Checkpoints: points})
					signed := findings(t, forged, Evidence{Key: key.Public()})
					if c.change == nil {
						if resign == nil && len(alone)+len(pointed)+len(signed) > 0 {
							t.Errorf("nothing was done, and yet: %q %q %q", alone, pointed, signed)
						}
						if resign != nil && len(signed) == 0 {
							t.Error("another key is not noticed")
						}
						return
					}
					if found := len(alone) > 0; found != (effort != chains || resign == nil) {
						t.Errorf("without evidence: %q", alone)
					}
					if !mentions(pointed, "checkpoint at 50: ", " after 40 ") && !mentions(alone, "41") {
						t.Errorf("the checkpoints say %q", pointed)
					}
					switch {
					case effort != chains:
						if len(signed) == 0 {
							t.Error("signatures do not notice")
						}
					case resign != nil && !mentions(signed, "another key"),
						resign == nil && !mentions(signed, SegmentName(31), "after 30"):
						t.Errorf("the signatures say %q", signed)
					}
				})
			}
		}
	}
}

func checkpoint(t testing.TB, dir string) Checkpoint {
	t.Helper()
	c, err := open(t, dir).Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func findings(t testing.TB, dir string, e Evidence) (found []string) {
	t.Helper()
	_, err := open(t, dir).VerifyAgainst(e, func(p Problem) { found = append(found, p.String()) })
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func mentions(found []string, words ...string) bool {
	for _, s := range found {
		all := true
		for _, w := range words {
			all = all && strings.Contains(s, w)
		}
		if all {
			return true
		}
	}
	return false
}

// Segments that are taken away, at the end or the beginning, or come from
// another time.
func TestMissingSegments(t *testing.T) {
	key := NewSigningKey()
	dir := t.TempDir()
	var points []Checkpoint
	recs := newWorkload(3).records(40)
	for i := 0; i < len(recs); i += 10 {
		w, err := Create(dir, Options{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.AppendBatch(recs[i : i+10]); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		points = append(points, checkpoint(t, dir))
	}
	files := readDir(t, dir)
	evidence := Evidence{key.Public(), points}
	tests := []struct {
		name     string
		keep     []uint64
		attested uint64
		want     []string // of some problem; nil: there is none
		checked  int
	}{
		{"all", []uint64{1, 11, 21, 31}, 40, nil, 4},
		{"the oldest", []uint64{11, 21, 31}, 30, []string{"no record in the journal tells", "records 1 to 10 lost"}, 4},
		{"two of them", []uint64{21, 31}, 20, []string{"no record in the journal tells", "records 1 to 20 lost"}, 3},
		{"the last", []uint64{1, 11, 21}, 30, []string{"checkpoint at 40: the journal ends at 30"}, 3},
		{"one inside", []uint64{1, 11, 31}, 30, []string{"records 21 to 30 lost"}, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, first := range test.keep {
				if err := os.WriteFile(filepath.Join(dir, SegmentName(first)), files[SegmentName(first)], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var found []string
			report, err := open(t, dir).VerifyAgainst(evidence, func(p Problem) { found = append(found, p.String()) })
			if err != nil {
				t.Fatal(err)
			}
			if test.want == nil && len(found) > 0 || test.want != nil && !mentions(found, test.want...) {
				t.Errorf("found %q", found)
			}
			if a := report.Attested; a.Records != test.attested || a.Points != test.checked {
				t.Errorf("attested: %+v", a)
			}
			// What recovery sees without reading blocks.
			r, err := Recover(dir, RecoverOptions{DryRun: true})
			if err != nil {
				t.Fatal(err)
			}
			inside := test.name == "one inside"
			if (r.Status == RecoveryPartial) != inside || inside && r.Lost != 10 {
				t.Errorf("recovery: %+v", r)
			}
		})
	}
}

// A block that is damaged on purpose does not excuse what is before it.
func TestDamageHidesNothing(t *testing.T) {
	key := NewSigningKey()
	dir := t.TempDir()
	w, err := Create(dir, Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	recs := newWorkload(3).records(40)
	for i := 0; i < len(recs); i += 10 {
		if _, err := w.AppendBatch(recs[i : i+10]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	spoil := func(dir string, block int) {
		t.Helper()
		path := filepath.Join(dir, SegmentName(1))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := decodeFooter(b[le.Uint64(b[len(b)-trailer+trlFooter:]):], int64(le.Uint64(b[len(b)-trailer+trlFooter:])), footerDigests)
		if err != nil {
			t.Fatal(err)
		}
		b[f.entries[block].offset+20] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	evidence := Evidence{Key: key.Public()}
	spoil(dir, 2)
	if found := findings(t, dir, evidence); len(found) != 1 || !mentions(found, "records 21 to 30 lost") {
		t.Errorf("damage: %q", found)
	}
	if report, _ := open(t, dir).VerifyAgainst(evidence, nil); report.Attested.Records != 30 {
		t.Errorf("attested: %+v", report.Attested)
	}
	spoil(dir, 2) // good again
	f := forger{chains, at(11, changes[1].change), nil}
	forged := f.run(t, dir)
	spoil(forged, 2)
	if found := findings(t, forged, evidence); !mentions(found, "signature", "records after 0") {
		t.Errorf("forged and damaged: %q", found)
	}
}

// A clock that was set back is told of by the segment that comes after.
func TestClockBack(t *testing.T) {
	one, two := [16]byte{1}, [16]byte{2}
	const hour = int64(time.Hour)
	tests := []struct {
		name            string
		before          segmentHeader
		boot            [16]byte
		offset, created int64
		want            int64
	}{
		{"first", segmentHeader{}, one, 0, 1, 0},
		{"steady", segmentHeader{Boot: one, WallOffset: hour, Created: hour}, one, hour, 2 * hour, 0},
		{"slewed", segmentHeader{Boot: one, WallOffset: hour, Created: hour}, one, hour - 1e6, 2 * hour, 0},
		{"set back", segmentHeader{Boot: one, WallOffset: 3 * hour, Created: hour}, one, 2 * hour, 2 * hour, hour},
		{"set forward", segmentHeader{Boot: one, WallOffset: hour, Created: hour}, one, 2 * hour, 3 * hour, 0},
		{"set back over a boot", segmentHeader{Boot: one, WallOffset: hour, Created: 5 * hour}, two, 3 * hour, 3 * hour, 2 * hour},
		{"rebooted", segmentHeader{Boot: one, WallOffset: 5 * hour, Created: 5 * hour}, two, hour, 6 * hour, 0},
		{"a replaced segment saw it", segmentHeader{Boot: one, WallOffset: hour, Created: hour, ClockBack: 7}, one, hour, hour, 7},
	}
	for _, test := range tests {
		h := test.before
		h.setClock(Clock{test.boot, test.offset}, test.created)
		if h.ClockBack != uint64(test.want) || h.WallOffset != test.offset || h.Created != test.created || h.Boot != test.boot {
			t.Errorf("%s: %+v", test.name, h)
		}
	}

	// As if the segment had been written while the clock was ahead.
	dir := t.TempDir()
	smallJournal(t, dir)
	path := filepath.Join(dir, SegmentName(31))
	file, err := OSFS.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := loadSegment(file, SegmentName(31), footerDigests)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	h := *s.header
	h.WallOffset += hour
	h.Previous, h.Index, h.First = Digest{}, 1, 1
	sw, err := createSegment(OSFS, to, h)
	if err != nil {
		t.Fatal(err)
	}
	f := forger{chains, at(0, nil), nil}
	f.blocks(t, file, s, sw)
	if err := sw.seal(sealedClosed); err != nil {
		t.Fatal(err)
	}
	w, err := Create(to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if back := w.Recovery().ClockBack; back < 59*time.Minute || back > 61*time.Minute {
		t.Errorf("ClockBack is %v", back)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	report := verify(t, to)
	if len(report.ClockSteps) != 1 || report.ClockSteps[0].First != 31 {
		t.Errorf("steps: %+v", report.ClockSteps)
	}
}

// Whoever takes the oldest segments away is found, also if less of them was
// removed on purpose.
func TestBeginning(t *testing.T) {
	setup := func(t *testing.T) (dir string, names []string) {
		dir = t.TempDir()
		fill(t, dir, 30000, segmented)
		names, _, err := listSegments(OSFS, dir)
		if err != nil || len(names) < 4 {
			t.Fatal(names, err)
		}
		return dir, names
	}
	remove := func(t *testing.T, dir string, names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("never told", func(t *testing.T) {
		dir, names := setup(t)
		remove(t, dir, names[:2]...)
		first, _ := ParseSegmentName(names[2])
		if found := findings(t, dir, Evidence{}); len(found) != 1 ||
			!mentions(found, names[2], "no record in the journal tells", fmt.Sprintf("records 1 to %d lost", first-1)) {
			t.Errorf("%q", found)
		}
	})
	t.Run("less was told", func(t *testing.T) {
		dir, names := setup(t)
		if _, err := Retain(dir, RetainOptions{MaxBytes: sizeOf(t, dir, names[1:])}); err != nil {
			t.Fatal(err)
		}
		tell(t, dir)
		if found := findings(t, dir, Evidence{}); len(found) != 0 {
			t.Fatalf("%q", found)
		}
		remove(t, dir, names[1])
		if found := findings(t, dir, Evidence{}); !mentions(found, names[2], "no record in the journal tells") {
			t.Errorf("%q", found)
		}
	})
	t.Run("not told yet", func(t *testing.T) {
		dir, _ := setup(t)
		if _, err := Retain(dir, RetainOptions{MaxBytes: 1}); err != nil {
			t.Fatal(err)
		}
		if untold, err := Untold(dir); !untold || err != nil {
			t.Error(untold, err)
		}
		if found := findings(t, dir, Evidence{}); len(found) != 1 || !mentions(found, "REMOVED says", "the next writer will tell") {
			t.Errorf("%q", found)
		}
		tell(t, dir)
		if untold, err := Untold(dir); untold || err != nil {
			t.Error(untold, err)
		}
		verify(t, dir)
	})
	t.Run("repaired", func(t *testing.T) {
		dir, names := setup(t)
		remove(t, dir, names[0])
		to := filepath.Join(t.TempDir(), "repaired")
		if _, err := Repair(dir, to, RepairOptions{}); err != nil {
			t.Fatal(err)
		}
		verify(t, to) // its header says where it was begun
	})
}

func sizeOf(t *testing.T, dir string, names []string) (bytes int64) {
	t.Helper()
	for _, name := range names {
		for _, path := range []string{name, indexName(name)} {
			info, err := os.Stat(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			bytes += info.Size()
		}
	}
	return bytes
}
