// SPDX-License-Identifier: Apache-2.0

package userjournal_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	uj "vexj/userjournal"
	"vexj/userjournal/errorfs"
)

// run appends the records, with a Sync after each hundred, and returns how many
// were appended and how many acknowledged before the first error.
func run(w *uj.Writer, recs [][]byte) (appended, acked int, err error) {
	for i, rec := range recs {
		if _, err := w.Append(rec); err != nil {
			return i, acked, err
		}
		if (i+1)%100 == 0 {
			if err := w.Sync(); err != nil {
				return i + 1, acked, err
			}
			acked = i + 1
		}
	}
	return len(recs), acked, nil
}

// A disk fails in each way that it can. The writer stops and says what is safe;
// what is safe is there, in order and unchanged, and the journal goes on.
func TestDiskFaults(t *testing.T) {
	recs := uj.SomeRecords(5000)
	tests := []struct {
		name   string
		inject errorfs.Injector
		op     string
		cause  error
	}{
		{"write EIO", errorfs.From(errorfs.Write, 5, unix.EIO), "write", unix.EIO},
		{"write EIO once", errorfs.Nth(errorfs.Write, 5, unix.EIO), "write", unix.EIO},
		{"short write", errorfs.Short(5, 700, nil), "write", nil},
		{"short write EIO", errorfs.Short(5, 100, unix.EIO), "write", unix.EIO},
		{"short write, nothing more", errorfs.Any(errorfs.Short(5, 700, unix.EIO), errorfs.From(errorfs.Write, 6, unix.EIO),
			errorfs.From(errorfs.Truncate, 1, unix.EIO), errorfs.From(errorfs.Sync, 4, unix.EIO)), "", unix.EIO},
		{"disk full in the first block", errorfs.Full(4096 + 100), "write", unix.ENOSPC},
		{"disk full in a segment", errorfs.Full(30000), "write", unix.ENOSPC},
		{"disk full in the second segment", errorfs.Full(90000), "write", unix.ENOSPC},
		{"disk full in a footer", errorfs.Full(63000), "", unix.ENOSPC},
		{"first sync", errorfs.Nth(errorfs.Sync, 1, unix.EIO), "sync", unix.EIO},
		{"later sync", errorfs.Nth(errorfs.Sync, 7, unix.EIO), "sync", unix.EIO},
		{"directory sync", errorfs.Nth(errorfs.SyncDir, 1, unix.EIO), "sync directory of", unix.EIO},
		{"second segment", errorfs.Nth(errorfs.Create, 1, unix.ENFILE), "create", unix.ENFILE},
	}
	both := slices.Concat(tests, tests)
	for i, test := range both {
		d := uj.DurabilityInterval
		if i >= len(tests) {
			// Blocks are written over zeroes: what fails is another call.
			d, test.op = uj.DurabilityBatch, ""
		}
		t.Run(test.name+", "+d.String(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "journal")
			fsys := errorfs.New(uj.OSFS, nil)
			w, err := uj.Create(dir, uj.Options{FS: fsys, SegmentSize: 64 << 10, Interval: -1, Durability: d})
			if err != nil {
				t.Fatal(err)
			}
			fsys.Set(test.inject)
			appended, acked, err := run(w, recs)
			if err == nil {
				t.Fatal("no error")
			}
			var stopped *uj.StoppedError
			if !errors.Is(err, uj.ErrStopped) || !errors.As(err, &stopped) {
				t.Fatalf("error is no StoppedError: %v", err)
			}
			t.Log(err)
			if test.op != "" && stopped.Op != test.op || test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("got %q because of %v", stopped.Op, stopped.Err)
			}
			if stopped.Acknowledged < uint64(acked) {
				t.Errorf("%d were acknowledged, the error says %d", acked, stopped.Acknowledged)
			}
			syncs := fsys.Count(errorfs.Sync)
			if err := w.Sync(); !errors.Is(err, uj.ErrStopped) {
				t.Errorf("Sync after the failure: %v", err)
			}
			if _, err := w.Append(recs[0]); !errors.Is(err, uj.ErrStopped) {
				t.Errorf("Append after the failure: %v", err)
			}
			if err := w.Close(); !errors.Is(err, uj.ErrStopped) {
				t.Errorf("Close after the failure: %v", err)
			}
			if strings.HasPrefix(stopped.Op, "sync") && fsys.Count(errorfs.Sync) != syncs {
				t.Errorf("a failed sync was tried again")
			}
			continues(t, dir, recs, int(stopped.Acknowledged), appended)
		})
	}
}

// continues opens the journal of a writer that failed, which must have at least
// acked of the records and no more than appended, and appends the rest.
func continues(t *testing.T, dir string, recs [][]byte, acked, appended int) {
	t.Helper()
	got, _ := uj.ScanAll(t, dir)
	if len(got) < acked || len(got) > appended+1 {
		t.Fatalf("%d records; %d were acknowledged and %d appended", len(got), acked, appended)
	}
	uj.Equal(t, got, recs[:len(got)])
	uj.Verify(t, dir)

	w, err := uj.Create(dir, uj.Options{SegmentSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if next := w.Recovery().Next; next != uint64(len(got))+1 {
		t.Fatalf("continues with %d after %d records: %+v", next, len(got), w.Recovery())
	}
	for _, rec := range recs[len(got):] {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	all, _ := uj.ScanAll(t, dir)
	uj.Equal(t, all, recs)
	if report := uj.Verify(t, dir); !report.Clean {
		t.Errorf("not clean: %+v", report)
	}
}

// Create on a disk that fails leaves nothing that is in the way of the next one.
func TestCreateFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		inject errorfs.Injector
	}{
		{"mkdir", errorfs.Nth(errorfs.MkdirAll, 1, unix.EROFS)},
		{"lock", errorfs.Nth(errorfs.Lock, 1, unix.EACCES)},
		{"list", errorfs.Nth(errorfs.ReadDir, 1, unix.EACCES)},
		{"create", errorfs.Nth(errorfs.Create, 1, unix.ENOSPC)},
		{"header", errorfs.Full(1000)},
		{"header, left behind", errorfs.Any(errorfs.Full(1000), errorfs.From(errorfs.Truncate, 1, unix.EIO), errorfs.From(errorfs.Remove, 1, unix.EIO))},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "journal")
			if _, err := uj.Create(dir, uj.Options{FS: errorfs.New(uj.OSFS, test.inject)}); err == nil {
				t.Fatal("no error")
			} else {
				t.Log(err)
			}
			w, err := uj.Create(dir, uj.Options{})
			if err != nil {
				t.Fatal(err)
			}
			recs := uj.SomeRecords(10)
			if _, err := w.AppendBatch(recs); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, _ := uj.ScanAll(t, dir)
			uj.Equal(t, got, recs)
		})
	}
}

// A set of shards inside its own directory is not finished, because after some call
// of the filesystem the process was gone: the next one finishes it.
func TestSetFaults(t *testing.T) {
	recs := uj.SomeRecords(10)
	for calls := 0; ; calls++ {
		home := filepath.Join(t.TempDir(), "set")
		dirs := []string{filepath.Join(home, "0"), filepath.Join(home, "more", "1")}
		left := calls
		w, err := uj.CreateSet(home, dirs, uj.Options{FS: errorfs.New(uj.OSFS, func(errorfs.Call) errorfs.Fault {
			if left--; left < 0 {
				return errorfs.Fault{Err: unix.EIO}
			}
			return errorfs.Fault{}
		})})
		if err == nil {
			if err := w.Close(); err != nil && left >= 0 {
				t.Fatalf("after %d calls: %v", calls, err)
			}
		}
		if w, err = uj.CreateSet(home, dirs, uj.Options{}); err != nil {
			t.Fatalf("after %d calls: %v", calls, err)
		}
		if _, err := w.AppendBatch(recs); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if left >= 0 {
			t.Logf("%d calls", calls)
			return
		}
	}
}

// A reader passes on what the disk says, and takes it for no damage.
func TestReadFault(t *testing.T) {
	dir := t.TempDir()
	w, err := uj.Create(dir, uj.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AppendBatch(uj.SomeRecords(2000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	fsys := errorfs.New(uj.OSFS, nil)
	r, err := uj.OpenFS(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n := 1; ; n++ {
		fsys.Set(errorfs.Nth(errorfs.Read, n, unix.EIO))
		_, err := r.Verify(nil)
		if err == nil && fsys.Count(errorfs.Read) < n {
			break
		}
		if !errors.Is(err, unix.EIO) || errors.Is(err, uj.ErrDamaged) {
			t.Fatalf("read %d: %v", n, err)
		}
	}
}
