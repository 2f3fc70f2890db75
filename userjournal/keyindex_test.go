// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vexj/uapi"
)

// segmented is for journals of many small segments.
var segmented = Options{SegmentSize: 128 << 10, Interval: -1}

// with returns the ordinals of the records for which a scan by keys visits
// their block, and those that match.
func with(t *testing.T, r *Reader, o ScanOptions, match func(uapi.Record) bool) (visited int, found []uint64) {
	t.Helper()
	err := r.Scan(o, func(ordinal uint64, rec uapi.Record) error {
		visited++
		if match(rec) {
			found = append(found, ordinal)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return visited, found
}

func someInode(rec uapi.Record) uint64 { f, _ := rec.File(); return f.Inode }

// A scan by keys finds what a scan of everything finds, and reads less.
func TestScanByKeys(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 60000, segmented)
	want := uapi.Record(recs[41234])
	path := slices.Clone(want.Path())
	pid, typ, inode := want.PID(), want.Type(), someInode(want)
	tests := []struct {
		name  string
		keys  [][]Key
		match func(uapi.Record) bool
		less  int // than so many records are visited
	}{
		{"path", [][]Key{PathKeys(path)}, func(r uapi.Record) bool { return bytes.Equal(r.Path(), path) }, 40000},
		{"root", [][]Key{PathKeys([]byte("/srv"))}, func(uapi.Record) bool { return true }, 60001},
		{"inode", [][]Key{{InodeKey(inode)}}, func(r uapi.Record) bool { return someInode(r) == inode }, 40000},
		{"type", [][]Key{{TypeKey(typ)}}, func(r uapi.Record) bool { return r.Type() == typ }, 60001},
		{"pid and path", [][]Key{{PIDKey(pid)}, PathKeys(path)},
			func(r uapi.Record) bool { return r.PID() == pid && bytes.Equal(r.Path(), path) }, 40000},
		{"one of two inodes", [][]Key{{InodeKey(inode), InodeKey(1)}}, func(r uapi.Record) bool { return someInode(r) == inode }, 40000},
		{"nothing", [][]Key{{AgentKey([]byte("nobody"))}}, func(uapi.Record) bool { return false }, 3000},
	}
	r := open(t, dir)
	for _, test := range tests {
		for _, reverse := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/reverse=%v", test.name, reverse), func(t *testing.T) {
				o := ScanOptions{Reverse: reverse}
				_, all := with(t, r, o, test.match)
				o.Keys = test.keys
				visited, found := with(t, r, o, test.match)
				if !slices.Equal(found, all) {
					t.Errorf("found %d records of %d", len(found), len(all))
				}
				if visited >= test.less {
					t.Errorf("visited %d records", visited)
				}
				o.From, o.To = 10000, 30000
				_, part := with(t, r, o, test.match)
				all = slices.DeleteFunc(all, func(o uint64) bool { return o < 10000 || o > 30000 })
				if !slices.Equal(part, all) {
					t.Errorf("of a part: found %d records of %d", len(part), len(all))
				}
			})
		}
	}
}

func TestScanByTime(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 30000, segmented)
	r := open(t, dir)
	at := func(i int) time.Time { return r.WallTime(uint64(i)+1, uapi.Record(recs[i]).Ktime()) }
	o := ScanOptions{Since: at(12000), Until: at(13000)}
	inside := func(uapi.Record) bool { return true }
	visited, found := with(t, r, o, inside)
	if visited > 6000 || found[0] > 12001 || found[len(found)-1] < 13000 {
		t.Errorf("visited %d records from %d to %d", visited, found[0], found[len(found)-1])
	}
	if visited, _ = with(t, r, ScanOptions{Since: at(29999).Add(time.Hour)}, inside); visited != 0 {
		t.Errorf("visited %d records of the future", visited)
	}
}

// An index that is missing, of another segment or damaged in whichever byte is
// not used, is told from a good one, and is made anew.
func TestIndexUnusable(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 4000, segmented)
	path := uapi.Record(recs[100]).Path()
	match := func(r uapi.Record) bool { return bytes.Equal(r.Path(), path) }
	_, want := with(t, open(t, dir), ScanOptions{}, match)
	name := filepath.Join(dir, indexName(SegmentName(1)))
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	same := func(t *testing.T) {
		t.Helper()
		if _, found := with(t, open(t, dir), ScanOptions{Keys: [][]Key{PathKeys(path)}}, match); !slices.Equal(found, want) {
			t.Errorf("found %v, not %v", found, want)
		}
	}
	remade := func(t *testing.T, unusable int) {
		t.Helper()
		report, err := Reindex(dir, false)
		if err != nil || report.Made != 1 || len(report.Unusable) != unusable {
			t.Fatalf("%+v, %v", report, err)
		}
		if b, err := os.ReadFile(name); err != nil || !bytes.Equal(b, good) {
			t.Fatalf("made from the records it differs from the writer's: %v", err)
		}
	}
	write := func(b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("missing", func(t *testing.T) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		same(t)
		remade(t, 0)
	})
	t.Run("stale", func(t *testing.T) {
		other := t.TempDir()
		fill(t, other, 5000, segmented)
		b, err := os.ReadFile(filepath.Join(other, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		write(b)
		same(t)
		remade(t, 1)
	})
	t.Run("truncated", func(t *testing.T) {
		for _, n := range []int{0, 1, kixTail - 1, kixTail, len(good) / 2, len(good) - 1} {
			write(good[:n])
			same(t)
			remade(t, 1)
		}
	})
	t.Run("flipped", func(t *testing.T) {
		step := max(1, len(good)/97)
		for at := 0; at < len(good); at += step {
			b := slices.Clone(good)
			b[at] ^= 0x10
			write(b)
			same(t)
			remade(t, 1)
		}
	})
}

// A writer that continues a journal makes the indexes that are missing.
func TestIndexBacklog(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 30000, segmented)
	names, err := filepath.Glob(filepath.Join(dir, "*"+indexSuffix))
	if err != nil || len(names) < 3 {
		t.Fatalf("%d indexes: %v", len(names), err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(dir, indexName(SegmentName(1))+".999999999.runs"+tempSuffix)
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Create(dir, segmented)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		again, _ := filepath.Glob(filepath.Join(dir, "*"+indexSuffix))
		if len(again) == len(names) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d indexes of %d", len(again), len(names))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a process that died had left behind is still there")
	}
	if report, err := Reindex(dir, false); err != nil || report.Made != 0 || report.Segments != len(names) {
		t.Errorf("%+v, %v", report, err)
	}
}

// More postings than are kept in memory: all keys are there nevertheless.
func TestIndexOfManyKeys(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Options{Interval: -1, SegmentSize: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	b := uapi.NewBuilder(nil)
	const files = maxPostings + 20000 // each with a path and an inode
	pathOf := func(i int) string { return fmt.Sprintf("/x/%08x", uint32(i)*0x9e3779b1) }
	for i := range files {
		b.Begin(uapi.Header{EventID: testIDBase + uint64(i), Type: uapi.FSDelete, Ktime: uint64(i)})
		b.AddFile(uapi.File{Inode: uint64(i)})
		b.AddString(uapi.AttrPath, pathOf(i))
		rec, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Stats().IndexFailures != 0 {
		t.Fatal("no index could be made")
	}
	r := open(t, dir)
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	if err := r.checkIndex(r.segments[0]); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		i := random.IntN(files)
		for _, keys := range [][]Key{PathKeys([]byte(pathOf(i))), {InodeKey(uint64(i))}} {
			visited, found := with(t, r, ScanOptions{Keys: [][]Key{keys}}, func(r uapi.Record) bool { return string(r.Path()) == pathOf(i) })
			if !slices.Equal(found, []uint64{uint64(i) + 1}) || visited > 10000 {
				t.Fatalf("file %d: visited %d records, found %v", i, visited, found)
			}
		}
		if ordinal, _, err := r.Find(testIDBase + uint64(i)); err != nil || ordinal != uint64(i)+1 {
			t.Fatalf("file %d: found by its id as record %d: %v", i, ordinal, err)
		}
	}
}

// What two producers wrote in turns is found by id without reading all blocks
// whose range of ids has it, which is every one.
func TestFindAmongProducers(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Options{Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	b := uapi.NewBuilder(nil)
	base := [2]uint64{uapi.IDBase(uapi.ProducerTest, 1), uapi.IDBase(uapi.ProducerAgent, 1)}
	for i := range 20000 {
		b.Begin(uapi.Header{EventID: base[i%2] + uint64(i), Type: uapi.FSWrite})
		rec, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir)
	for _, i := range []int{0, 1, 9999, 19999} {
		ordinal, rec, err := r.Find(base[i%2] + uint64(i))
		if err != nil || ordinal != uint64(i)+1 || rec.EventID() != base[i%2]+uint64(i) {
			t.Errorf("record %d: %d, %v", i+1, ordinal, err)
		}
	}
	if n := r.cache.order.Len(); n > 6 {
		t.Errorf("%d blocks were read for 4 records", n)
	}
	if _, _, err := r.Find(base[0] + 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("an id that nothing has: %v", err)
	}
}

func FuzzKeyIndex(f *testing.F) {
	dir := f.TempDir()
	fill(f, dir, 3000, segmented)
	good, err := os.ReadFile(filepath.Join(dir, indexName(SegmentName(1))))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[len(good)-kixTail:])
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		k := &keyIndex{file: &memFile{data: b}}
		if len(b) < kixTail {
			return
		}
		// With right checksums the fuzzer gets further.
		b = slices.Clone(b)
		k.file = &memFile{data: b}
		tail := b[len(b)-kixTail:]
		copy(tail[kixMagic:], keyIndexMagic[:])
		le.PutUint32(tail[kixVersion:], keyIndexVersion)
		if dir := int64(le.Uint32(tail[kixPages:])) * dirSize; dir+kixTail <= int64(len(b)) {
			all := b[int64(len(b))-kixTail-dir:]
			le.PutUint32(tail[kixCRC:], checksum(0, all[:len(all)-kixTail+kixCRC]))
		}
		err := k.load(segmentIdentity(tail[kixSegment:]))
		if err != nil {
			if !gone(err) {
				t.Fatal(err)
			}
			return
		}
		for i := range k.pages {
			p := &k.pages[i]
			page := make([]byte, p.bytes)
			if readFull(k.file, page, p.offset) == nil {
				p.crc = checksum(0, page)
			}
			if _, err := k.checkPage(p); err != nil && !gone(err) {
				t.Fatal(err)
			}
			for _, key := range []Key{Key(p.first << postingBlockBits), InodeKey(1), unknownKey} {
				if _, err := k.candidates([][]Key{{key}}); err != nil && !gone(err) {
					t.Fatal(err)
				}
			}
		}
	})
}
