// SPDX-License-Identifier: Apache-2.0

package userjournal_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
	uj "vexj/userjournal"
	"vexj/userjournal/crashfs"
	"vexj/userjournal/errorfs"
)

// Upkeep is what is done to a journal besides writing it: here of recs, with a
// consumer that has acknowledged most, archived and then reduced to little more
// than its newest segments.
const upkeepArchive = "/archive"

var upkeepSegments = uj.Options{SegmentSize: 64 << 10, Interval: -1}

func upkeep(fsys uj.FS, dir, archive string, acknowledged uint64) error {
	r, err := uj.OpenFS(fsys, dir)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := r.Consumers().Acknowledge("reader", acknowledged); err != nil {
		return err
	}
	if _, err := uj.ArchiveFS(fsys, dir, uj.ArchiveOptions{To: archive}); err != nil {
		return err
	}
	_, err = uj.RetainFS(fsys, dir, uj.RetainOptions{MaxBytes: 1})
	return err
}

// wholeAfter holds a journal against what may be left of it: all but a beginning
// that the consumer had acknowledged, without a hole, and behind it what the next
// writer tells of that.
func wholeAfter(t *testing.T, name string, fsys uj.FS, dir string, recs [][]byte, acknowledged uint64) {
	t.Helper()
	o := upkeepSegments
	o.FS = fsys
	w, err := uj.Create(dir, o)
	if err == nil {
		err = errors.Join(w.TellRemoved(), w.Close())
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r, err := uj.OpenFS(fsys, dir)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer r.Close()
	next := uint64(0)
	err = r.Scan(uj.ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		if next == 0 && ordinal > acknowledged+1 {
			t.Fatalf("%s: begins with %d, up to %d was acknowledged", name, ordinal, acknowledged)
		}
		if ordinal > uint64(len(recs)) {
			if _, ok := rec.Removed(); !ok {
				t.Fatalf("%s: record %d is of type %v", name, ordinal, rec.Type())
			}
			return nil
		}
		if next != 0 && ordinal != next || !bytes.Equal(rec, recs[ordinal-1]) {
			t.Fatalf("%s: record %d comes as %d", name, ordinal, next)
		}
		next = ordinal + 1
		return nil
	})
	if err != nil || next != uint64(len(recs))+1 {
		t.Fatalf("%s: ends before %d of %d: %v", name, next, len(recs), err)
	}
	report, err := r.Verify(func(p uj.Problem) { t.Errorf("%s: %v", name, p) })
	if err != nil || !report.OK() {
		t.Fatalf("%s: %+v, %v", name, report, err)
	}
}

// The power fails at each point of the upkeep. Nothing but what was acknowledged
// is gone, and the upkeep can be done again.
func TestPowerCutInUpkeep(t *testing.T) {
	const acknowledged = 3300
	recs := uj.SomeRecords(4500)
	fsys := crashfs.New()
	fillFS(t, fsys, powerDir, recs)
	from := fsys.Steps()
	check(t, upkeep(fsys, powerDir, upkeepArchive, acknowledged))
	t.Logf("%d steps", fsys.Steps()-from)
	n := 0
	for step := from; step <= fsys.Steps(); step++ {
		for _, mode := range crashfs.Modes {
			for seed := range uint64(powerSeeds(t)) {
				after := fsys.Cut(step, mode, seed)
				name := mode.String()
				wholeAfter(t, name, after, powerDir, recs, acknowledged)
				if step%7 == 0 || !testing.Short() && step%3 == 0 {
					check(t, upkeep(after, powerDir, upkeepArchive, acknowledged))
					wholeAfter(t, name+", again", after, powerDir, recs, acknowledged)
				}
				n++
				if t.Failed() {
					t.Fatalf("step %d, %v, seed %d: what was done:\n%v", step, mode, seed, fsys)
				}
				if mode == crashfs.Lost || mode == crashfs.Kept {
					break
				}
			}
		}
	}
	t.Logf("%d states", n)
}

// Each call that the upkeep makes fails once.
func TestUpkeepFaults(t *testing.T) {
	const acknowledged = 3300
	recs := uj.SomeRecords(4500)
	for _, op := range []errorfs.Op{errorfs.Open, errorfs.Create, errorfs.Write, errorfs.Sync, errorfs.SyncDir,
		errorfs.Rename, errorfs.Remove, errorfs.ReadDir, errorfs.Read, errorfs.Lock} {
		for n := 1; ; n++ {
			if n > 40 && n%17 != 0 {
				continue
			}
			base := crashfs.New()
			fillFS(t, base, powerDir, recs)
			fsys := errorfs.New(base, nil)
			fsys.Set(errorfs.Nth(op, n, unix.EIO))
			err := upkeep(fsys, powerDir, upkeepArchive, acknowledged)
			if err != nil && !errors.Is(err, unix.EIO) {
				t.Fatalf("call %d of kind %d: %v", n, op, err)
			}
			name := fmt.Sprintf("call %d of kind %d", n, op)
			wholeAfter(t, name, base, powerDir, recs, acknowledged)
			check(t, upkeep(base, powerDir, upkeepArchive, acknowledged))
			wholeAfter(t, name+", again", base, powerDir, recs, acknowledged)
			if fsys.Count(op) < n {
				break
			}
		}
	}
}

func fillFS(t *testing.T, fsys uj.FS, dir string, recs [][]byte) {
	t.Helper()
	o := upkeepSegments
	o.FS = fsys
	w, err := uj.Create(dir, o)
	check(t, err)
	_, err = w.AppendBatch(recs)
	check(t, err)
	check(t, w.Close())
	r, err := uj.OpenFS(fsys, dir)
	check(t, err)
	_, err = r.Consumers().Add("reader", 0)
	check(t, errors.Join(err, r.Close()))
	check(t, fsys.SyncDir(filepath.Dir(dir)))
}
