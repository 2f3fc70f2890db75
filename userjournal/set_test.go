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

// shardDirs are directories on as many disks.
func shardDirs(t *testing.T, n int) (dirs []string) {
	top := t.TempDir()
	for i := range n {
		dirs = append(dirs, filepath.Join(top, fmt.Sprint("disk", i), "shard"))
	}
	return dirs
}

// home is the directory of the set of the shards.
func home(dirs []string) string { return filepath.Join(filepath.Dir(filepath.Dir(dirs[0])), "set") }

func openSet(t testing.TB, dir string) *Set {
	t.Helper()
	s, err := OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
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
		w, err := CreateSet(home(dirs), dirs, segmented)
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
	r, err := OpenSet(home(dirs))
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
	w, err := CreateSet(home(dirs), dirs, segmented)
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
	r, err := OpenSet(home(dirs)) // while the writer is open
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
	report, err := r.VerifyAgainst(Evidence{}, func(p Problem) { t.Error(p) })
	if err != nil || report.Records != uint64(len(recs)) || !report.Clean {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestShardsRefused(t *testing.T) {
	dirs := shardDirs(t, 3)
	w, err := CreateSet(home(dirs), dirs, segmented)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AppendBatch(SomeRecords(10)); err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := CreateSet(home(dirs), nil, segmented); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("second writer: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other := shardDirs(t, 3)
	if w, err = CreateSet(home(other), other, segmented); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	single, foreign := t.TempDir(), t.TempDir()
	fill(t, single, 10, Options{})
	if err := os.WriteFile(filepath.Join(foreign, "letter"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		home   string
		shards []string
		want   error
	}{
		"exchanged":          {home(dirs), []string{dirs[1], dirs[0], dirs[2]}, ErrShards},
		"too few":            {home(dirs), dirs[:2], ErrShards},
		"of two sets":        {t.TempDir(), []string{dirs[0], dirs[1], other[2]}, ErrShards},
		"of two sets, new":   {t.TempDir(), []string{other[0], dirs[1], dirs[2]}, ErrShards},
		"twice the same":     {t.TempDir(), []string{dirs[0], dirs[1], dirs[1]}, ErrShards},
		"a journal":          {t.TempDir(), []string{single}, ErrShards},
		"into a journal":     {single, shardDirs(t, 2), ErrShards},
		"something else":     {t.TempDir(), []string{foreign}, ErrNotJournal},
		"into something":     {foreign, shardDirs(t, 2), ErrNotJournal},
		"too many":           {t.TempDir(), make([]string, maxShards+1), ErrOption},
		"a set as one shard": {t.TempDir(), []string{home(dirs)}, ErrShards},
	} {
		if w, err := CreateSet(c.home, c.shards, segmented); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
	// One journal is wanted, and it is told which there are.
	if _, err := Open(home(dirs)); !errors.Is(err, ErrShards) {
		t.Errorf("open: %v", err)
	}
	if _, err := Create(home(dirs), Options{}); !errors.Is(err, ErrShards) {
		t.Errorf("create: %v", err)
	}
	if got, err := ShardDirs(home(dirs)); err != nil || !slices.Equal(got, dirs) {
		t.Errorf("shards: %q, %v", got, err)
	}
}

// What names a set and its shards is damaged, missing or exchanged.
func TestShardFiles(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(dirs []string) error
		want   error
	}{
		"shard damaged": {func(dirs []string) error { return os.WriteFile(filepath.Join(dirs[1], shardName), []byte("x"), 0o600) }, ErrDamaged},
		"set damaged": {func(dirs []string) error {
			return os.WriteFile(filepath.Join(home(dirs), shardsName), []byte("x"), 0o600)
		}, ErrDamaged},
		"no directory": {func(dirs []string) error {
			return os.WriteFile(filepath.Join(home(dirs), shardsName), sealText([]byte(shardsHead)), 0o600)
		}, ErrDamaged},
		"disk not there": {func(dirs []string) error { return os.Rename(dirs[1], dirs[1]+"-gone") }, ErrShards},
		"disk empty":     {func(dirs []string) error { return errors.Join(os.RemoveAll(dirs[1]), os.Mkdir(dirs[1], 0o700)) }, ErrShards},
		"disks exchanged": {func(dirs []string) error {
			return errors.Join(os.Rename(dirs[0], dirs[0]+"x"), os.Rename(dirs[1], dirs[0]), os.Rename(dirs[0]+"x", dirs[1]))
		}, ErrShards},
		"segments removed": {func(dirs []string) error { return os.Remove(filepath.Join(dirs[1], SegmentName(1))) }, ErrEmpty},
	} {
		dirs := shardDirs(t, 2)
		w, err := CreateSet(home(dirs), dirs, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.damage(dirs); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSet(home(dirs)); !errors.Is(err, c.want) {
			t.Errorf("%s: open: %v", name, err)
		}
		if name == "segments removed" {
			continue // a writer begins anew, as it does in a journal by itself
		}
		if _, err := CreateSet(home(dirs), nil, Options{}); !errors.Is(err, c.want) {
			t.Errorf("%s: create: %v", name, err)
		}
	}
}

// Shards inside the set's directory move along with it.
func TestSetMoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	w, err := CreateSet(dir, []string{filepath.Join(dir, "0"), filepath.Join(dir, "1")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AppendBatch(SomeRecords(10)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), os.Rename(dir, dir+"b")); err != nil {
		t.Fatal(err)
	}
	if w, err = CreateSet(dir+"b", nil, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if i, err := openSet(t, dir+"b").Info(); err != nil || i.Records != 10 {
		t.Errorf("%+v, %v", i, err)
	}
}

// A journal by itself is a set of one, with the ordinals and cursors that it has.
func TestSetOfOne(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 100, Options{})
	s, r := openSet(t, dir), open(t, dir)
	at, err := s.End()
	if err != nil || at.String() != "100" || at.Sum() != 100 {
		t.Errorf("end %v, %v", at, err)
	}
	text := s.Cursor(at, 50, recs[49])
	if text != r.Cursor(50, recs[49]).String() {
		t.Errorf("cursor %s", text)
	}
	if before, behind, err := s.Seek(text); err != nil || before.String() != "49" || behind.String() != "50" {
		t.Errorf("seek: %v, %v, %v", before, behind, err)
	}
	n := 0
	err = s.Between(Position{49}, Position{60}).Scan(ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		if !slices.Equal(rec, recs[ordinal-1]) {
			t.Errorf("record %d", ordinal)
		}
		n++
		return nil
	})
	if err != nil || n != 11 {
		t.Errorf("%d records between, %v", n, err)
	}
}
