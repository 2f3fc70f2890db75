// SPDX-License-Identifier: Apache-2.0

package userjournal_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"vexj/uapi"
	uj "vexj/userjournal"
	"vexj/userjournal/crashfs"
)

// powerSeeds is how many states are looked at for each point and mode that
// leaves a choice; VEXJ_POWERCUT_SEEDS sets it.
func powerSeeds(t *testing.T) int {
	if s := os.Getenv("VEXJ_POWERCUT_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return 1
	}
	return 2
}

const powerDir = "/journal"

// states calls fn with what the disk may hold after a cut at each step of what
// was done to fsys.
func states(t *testing.T, fsys *crashfs.FS, seeds int, fn func(t *testing.T, name string, step int, after *crashfs.FS)) int {
	t.Helper()
	n := 0
	for step := range fsys.Steps() + 1 {
		for _, mode := range crashfs.Modes {
			choices := 1
			if mode == crashfs.Ordered || mode == crashfs.Scrambled {
				choices = seeds
			}
			for seed := range choices {
				name := fmt.Sprintf("step %d, %v, seed %d", step, mode, seed)
				fn(t, name, step, fsys.Cut(step, mode, uint64(seed)))
				n++
				if t.Failed() {
					t.Fatalf("%s: what was done before:\n%v", name, fsys)
				}
			}
		}
	}
	return n
}

// A powerWorkload does something to a journal, of which recs are or become the
// records, and notes what it was promised.
type powerWorkload struct {
	name string
	run  func(t *testing.T, fsys *crashfs.FS, recs [][]byte)
}

func create(t *testing.T, fsys uj.FS, o uj.Options) *uj.Writer {
	t.Helper()
	o.FS, o.Interval, o.SegmentSize = fsys, -1, 64<<10
	w, err := uj.Create(powerDir, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var powerWorkloads = []powerWorkload{
	{"sync now and then", func(t *testing.T, fsys *crashfs.FS, recs [][]byte) {
		w := create(t, fsys, uj.Options{Durability: uj.DurabilityNone, Codec: uj.CodecNone})
		for i, rec := range recs {
			_, err := w.Append(rec)
			check(t, err)
			if i%40 == 39 {
				check(t, w.Flush())
			}
			if i%130 == 129 {
				check(t, w.Sync())
				fsys.Note(uint64(i + 1))
			}
		}
		check(t, w.Close())
		fsys.Note(uint64(len(recs)))
	}},
	{"batches", func(t *testing.T, fsys *crashfs.FS, recs [][]byte) {
		w := create(t, fsys, uj.Options{Durability: uj.DurabilityBatch, Key: uj.NewSigningKey()})
		for i := 0; i < len(recs); i += 50 {
			_, err := w.AppendBatch(recs[i:min(i+50, len(recs))])
			check(t, err)
			fsys.Note(uint64(min(i+50, len(recs))))
		}
		check(t, w.Close())
	}},
	{"each record, three writers", func(t *testing.T, fsys *crashfs.FS, recs [][]byte) {
		for i := 0; i < 30; i += 10 {
			w := create(t, fsys, uj.Options{Durability: uj.DurabilityRecord})
			for j := i; j < i+10; j++ {
				ordinal, err := w.Append(recs[j])
				check(t, err)
				fsys.Note(ordinal)
			}
			if i == 10 { // this one is killed
				fsys.Unlock()
				continue
			}
			check(t, w.Close())
		}
	}},
	{"killed, and continued", func(t *testing.T, fsys *crashfs.FS, recs [][]byte) {
		next := 0
		for range 3 {
			w := create(t, fsys, uj.Options{Durability: uj.DurabilityNone, Codec: uj.CodecNone})
			// Whatever the one before left in the page cache is kept for good.
			fsys.Note(w.Recovery().Next - 1)
			if got := int(w.Recovery().Next) - 1; got != next {
				t.Fatalf("continues behind %d, %d were in the file", got, next)
			}
			for _, rec := range recs[next : next+200] {
				_, err := w.Append(rec)
				check(t, err)
			}
			check(t, w.Flush())
			next += 200
			fsys.Unlock()
		}
	}},
	{"nothing", func(t *testing.T, fsys *crashfs.FS, recs [][]byte) {
		for range 3 {
			check(t, create(t, fsys, uj.Options{}).Close())
		}
	}},
}

// The power fails at each point of a workload. Whatever the disk then holds:
// nothing that was acknowledged is lost, nothing appears that was not appended,
// and recovery has nothing left to do when it was done once.
func TestPowerCut(t *testing.T) {
	recs := uj.SomeRecords(600)
	seeds := powerSeeds(t)
	for _, load := range powerWorkloads {
		t.Run(load.name, func(t *testing.T) {
			t.Parallel()
			fsys := crashfs.New()
			load.run(t, fsys, recs)
			n := states(t, fsys, seeds, func(t *testing.T, name string, step int, after *crashfs.FS) {
				survives(t, name, after, recs, fsys.Noted(step))
			})
			t.Logf("%d steps, %d states", fsys.Steps(), n)
		})
	}
}

// The power fails again at each point of the recovery from the first time.
func TestPowerCutInRecovery(t *testing.T) {
	recs := uj.SomeRecords(600)
	fsys := crashfs.New()
	powerWorkloads[0].run(t, fsys, recs)
	n := 0
	for step := 1; step <= fsys.Steps(); step += 1 + fsys.Steps()/12 {
		for seed := range uint64(powerSeeds(t)) {
			first := fsys.Cut(step, crashfs.Scrambled, seed)
			if _, err := uj.Recover(powerDir, uj.RecoverOptions{FS: first}); err != nil && !errors.Is(err, uj.ErrEmpty) && !errors.Is(err, uj.ErrNotJournal) {
				t.Fatalf("step %d, seed %d: %v", step, seed, err)
			}
			promise := fsys.Noted(step)
			n += states(t, first, 2, func(t *testing.T, name string, _ int, after *crashfs.FS) {
				survives(t, fmt.Sprintf("step %d, seed %d; recovery: %s", step, seed, name), after, recs, promise)
			})
		}
	}
	t.Logf("%d states", n)
}

// survives holds the journal on a disk after a power cut against what was
// promised, before and after a writer continues it.
func survives(t *testing.T, name string, fsys *crashfs.FS, recs [][]byte, promise uint64) {
	t.Helper()
	seen := visible(t, name, fsys, recs)
	plan, planErr := uj.Recover(powerDir, uj.RecoverOptions{FS: fsys, DryRun: true})
	if fsys.Steps() != 0 {
		t.Fatalf("%s: a dry run did\n%v", name, fsys)
	}
	w, err := uj.Create(powerDir, uj.Options{FS: fsys, Interval: -1})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	did := w.Recovery()
	if planErr == nil && plan.Status != did.Status && plan.Status != uj.RecoveryPartial || planErr == nil && plan.Next != did.Next {
		t.Fatalf("%s: planned %+v, did %+v", name, plan, did)
	}
	for _, d := range did.Damage {
		if d.First <= d.Last && d.First <= promise {
			t.Fatalf("%s: up to %d was acknowledged, and lost is %v", name, promise, d)
		}
	}
	if did.Next <= promise {
		t.Fatalf("%s: up to %d was acknowledged, goes on with %d", name, promise, did.Next)
	}
	extra := uj.SomeRecords(1)[0]
	if ordinal, err := w.Append(extra); err != nil || ordinal != did.Next {
		t.Fatalf("%s: append: %d, %v", name, ordinal, err)
	}
	check(t, w.Close())

	kept := visible(t, name, fsys, append(slices.Clone(recs[:did.Next-1]), extra))
	for ordinal := uint64(1); ordinal <= promise; ordinal++ {
		if !kept[ordinal] {
			t.Fatalf("%s: up to %d was acknowledged, %d is gone: %+v", name, promise, ordinal, did)
		}
	}
	for ordinal := range seen {
		if !kept[ordinal] && ordinal < did.Next {
			t.Fatalf("%s: %d could be read before recovery and not after", name, ordinal)
		}
	}
	again, err := uj.Recover(powerDir, uj.RecoverOptions{FS: fsys})
	if err != nil || len(again.Segments) > 0 || again.CutBytes > 0 || again.Next != did.Next+1 {
		t.Fatalf("%s: a second recovery: %+v, %v", name, again, err)
	}
	before := fsys.Files()
	if _, err := uj.Recover(powerDir, uj.RecoverOptions{FS: fsys}); err != nil || !maps.EqualFunc(before, fsys.Files(), bytes.Equal) {
		t.Fatalf("%s: a third recovery changed something: %v", name, err)
	}
}

// visible are the ordinals that a reader sees, each of which must be of the
// record that was appended.
func visible(t *testing.T, name string, fsys *crashfs.FS, recs [][]byte) map[uint64]bool {
	t.Helper()
	r, err := uj.OpenFS(fsys, powerDir)
	if err != nil {
		return nil // nothing is there yet
	}
	defer r.Close()
	seen := map[uint64]bool{}
	err = r.Scan(uj.ScanOptions{OnDamage: func(*uj.DamageError) error { return nil }}, func(ordinal uint64, rec uapi.Record) error {
		if ordinal > uint64(len(recs)) || !bytes.Equal(rec, recs[ordinal-1]) {
			t.Fatalf("%s: record %d was never appended", name, ordinal)
		}
		seen[ordinal] = true
		return nil
	})
	if err != nil {
		t.Fatalf("%s: scan: %v", name, err)
	}
	if _, err := r.Verify(nil); err != nil {
		t.Fatalf("%s: verify: %v", name, err)
	}
	return seen
}

// The power fails at each point of a repair: there is the whole new journal or
// none, and the old one is what it was.
func TestPowerCutInRepair(t *testing.T) {
	recs := uj.SomeRecords(600)
	fsys := crashfs.New()
	powerWorkloads[0].run(t, fsys, recs)
	old := fsys.Cut(fsys.Steps(), crashfs.Kept, 0)
	const to = "/repaired"
	was := old.Files()
	if _, err := uj.Repair(powerDir, to, uj.RepairOptions{FS: old}); err != nil {
		t.Fatal(err)
	}
	old.Note(1) // all of it is there
	whole := 0
	n := states(t, old, powerSeeds(t), func(t *testing.T, name string, step int, after *crashfs.FS) {
		files := after.Files()
		for path, b := range was {
			if !bytes.Equal(files[path], b) {
				t.Fatalf("%s: %s was changed", name, path)
			}
		}
		r, err := uj.OpenFS(after, to)
		if err != nil {
			if old.Noted(step) == 1 || !errors.Is(err, uj.ErrUnfinished) && !errors.Is(err, uj.ErrEmpty) && !errors.Is(err, uj.ErrNotJournal) {
				t.Fatalf("%s: %v", name, err)
			}
			return
		}
		defer r.Close()
		whole++
		report, err := r.Verify(func(p uj.Problem) { t.Errorf("%s: %v", name, p) })
		if err != nil || report.Records != uint64(len(recs)) || !report.Clean {
			t.Fatalf("%s: %+v, %v", name, report, err)
		}
	})
	t.Logf("%d states, in %d of them the repair was done", n, whole)
}

// The power fails at each point of a removal of old segments: what is not to be
// removed is there and whole, and the next removal finishes what this one began.
func TestPowerCutInRetention(t *testing.T) {
	recs := uj.SomeRecords(900)
	fsys := crashfs.New()
	for i := 0; i < len(recs); i += 150 {
		w := create(t, fsys, uj.Options{Codec: uj.CodecNone})
		_, err := w.AppendBatch(recs[i : i+150])
		check(t, err)
		check(t, w.Close())
	}
	old := fsys.Cut(fsys.Steps(), crashfs.Kept, 0)
	limit := uj.RetainOptions{MaxBytes: 150 << 10}
	report, err := uj.RetainFS(old, powerDir, limit)
	check(t, err)
	if report.Segments == 0 {
		t.Fatalf("nothing was removed: %+v", report)
	}
	n := states(t, old, powerSeeds(t), func(t *testing.T, name string, step int, after *crashfs.FS) {
		seen := visible(t, name, after, recs)
		for ordinal := report.Removed.Last + 1; ordinal <= uint64(len(recs)); ordinal++ {
			if !seen[ordinal] {
				t.Fatalf("%s: %d is gone, up to %d was to go", name, ordinal, report.Removed.Last)
			}
		}
		_, err := uj.RetainFS(after, powerDir, limit)
		check(t, err)
		w := create(t, after, uj.Options{Codec: uj.CodecNone})
		check(t, errors.Join(w.TellRemoved(), w.Close()))
		r, err := uj.OpenFS(after, powerDir)
		check(t, err)
		defer r.Close()
		v, err := r.Verify(func(p uj.Problem) { t.Errorf("%s: %v", name, p) })
		if err != nil || v.FirstOrdinal != report.Removed.Last+1 || v.LastOrdinal != uint64(len(recs))+1 {
			t.Fatalf("%s: %+v, %v", name, v, err)
		}
	})
	t.Logf("%d states", n)
}
