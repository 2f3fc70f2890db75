// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"vexj/uapi"
)

func shardDirs(t *testing.T, n int) (dirs []string) {
	for i := range n {
		dirs = append(dirs, filepath.Join(t.TempDir(), fmt.Sprint("disk", i)))
	}
	return dirs
}

func TestShardOrdinals(t *testing.T) {
	seen := map[uint64]bool{}
	for shard := range 3 {
		for own := uint64(1); own < 100; own++ {
			o := ShardOrdinal(shard, 3, own)
			if s, n := ParseShardOrdinal(3, o); s != shard || n != own || seen[o] {
				t.Fatalf("%d of shard %d is %d, which is %d of %d", own, shard, o, n, s)
			}
			seen[o] = true
		}
	}
}

// What is spread over shards is read in the order in which it was numbered, also
// where the clocks of CPUs disagree.
func TestShards(t *testing.T) {
	dirs := shardDirs(t, 3)
	recs := newWorkload(1).records(20000)
	for i, rec := range recs {
		if i%3 == 0 {
			le.PutUint64(rec[recKtime:], le.Uint64(rec[recKtime:])-5000)
		}
	}
	for part := range 2 {
		w, err := CreateSharded(dirs, segmented)
		if err != nil {
			t.Fatal(err)
		}
		for i := part * 10000; i < (part+1)*10000; {
			if i%1000 == 0 {
				if _, err := w.AppendBatch(recs[i : i+500]); err != nil {
					t.Fatal(err)
				}
				i += 500
				continue
			}
			if _, err := w.Append(recs[i]); err != nil {
				t.Fatal(err)
			}
			i++
		}
		if err := errors.Join(w.Flush(), w.Sync()); err != nil {
			t.Fatal(err)
		}
		for i, shard := range w.Shards() {
			if n := shard.Stats().Records; n < 2000 {
				t.Errorf("shard %d got %d records", i, n)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := OpenSharded(dirs)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, reverse := range []bool{false, true} {
		var got [][]byte
		var ordinals []uint64
		err = r.Scan(ScanOptions{Reverse: reverse}, func(ordinal uint64, rec uapi.Record) error {
			got, ordinals = append(got, slices.Clone(rec)), append(ordinals, ordinal)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if reverse {
			slices.Reverse(got)
			slices.Reverse(ordinals)
		}
		equal(t, got, recs)
		for _, i := range []int{0, 777, 12345, 19999} {
			if rec, err := r.Get(ordinals[i]); err != nil || !slices.Equal(rec, recs[i]) {
				t.Errorf("record %d: %v", i, err)
			}
			if o, _, err := r.Find(uapi.Record(recs[i]).EventID()); err != nil || o != ordinals[i] {
				t.Errorf("record %d: found as %d, not %d: %v", i, o, ordinals[i], err)
			}
		}
	}
	if _, _, err := r.Find(1); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	path := uapi.Record(recs[100]).Path()
	found, visited := 0, 0
	err = r.Scan(ScanOptions{Keys: [][]Key{PathKeys(path)}}, func(_ uint64, rec uapi.Record) error {
		if visited++; string(rec.Path()) == string(path) {
			found++
		}
		return nil
	})
	if err != nil || found == 0 || visited == len(recs) {
		t.Errorf("found %d of %d visited, %v", found, visited, err)
	}
	n := 0
	if err := r.Scan(ScanOptions{}, func(uint64, uapi.Record) error { n++; return ErrStop }); err != nil || n != 1 {
		t.Errorf("stopped after %d: %v", n, err)
	}
	if err := r.Scan(ScanOptions{From: 5}, nil); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
}

// Many goroutines append; what Sync returned for is there, whichever shard a
// crash hits.
func TestShardsOfManyWriters(t *testing.T) {
	dirs := shardDirs(t, 2)
	w, err := CreateSharded(dirs, segmented)
	if err != nil {
		t.Fatal(err)
	}
	recs := newWorkload(1).records(8000)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for _, rec := range recs[i*2000 : (i+1)*2000] {
				if _, err := w.Append(rec); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenSharded(dirs) // while the writer is open
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	if err := r.Scan(ScanOptions{}, func(uint64, uapi.Record) error { n++; return nil }); err != nil || n != len(recs) {
		t.Errorf("%d records: %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		verify(t, dir)
	}
}

func TestShardsRefused(t *testing.T) {
	dirs := shardDirs(t, 3)
	w, err := CreateSharded(dirs, segmented)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AppendBatch(SomeRecords(10)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other := shardDirs(t, 3)
	if w, err = CreateSharded(other, segmented); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	single := t.TempDir()
	fill(t, single, 10, Options{})
	for name, bad := range map[string][]string{
		"exchanged":      {dirs[1], dirs[0], dirs[2]},
		"too few":        dirs[:2],
		"of two sets":    {dirs[0], dirs[1], other[2]},
		"a journal":      {dirs[0], dirs[1], single},
		"twice the same": {dirs[0], dirs[1], dirs[1]},
	} {
		if _, err := OpenSharded(bad); !errors.Is(err, ErrShards) {
			t.Errorf("%s: open: %v", name, err)
		}
		if _, err := CreateSharded(bad, segmented); !errors.Is(err, ErrShards) {
			t.Errorf("%s: create: %v", name, err)
		}
	}
	if _, err := OpenSharded(nil); !errors.Is(err, ErrOption) {
		t.Errorf("none: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dirs[1], shardName), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSharded(dirs); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
}
