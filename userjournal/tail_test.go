// SPDX-License-Identifier: Apache-2.0

package userjournal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
	uj "vexj/userjournal"
	"vexj/userjournal/errorfs"
)

// A tailer keeps what a tail has read.
type tailer struct {
	*uj.Tail
	t    *testing.T
	recs [][]byte
}

// read looks once. Without damage, none may be told.
func (l *tailer) read(damage func(*uj.DamageError) error) {
	l.t.Helper()
	if err := l.Read(damage, l.take); err != nil {
		l.t.Fatal(err)
	}
}

func (l *tailer) take(ordinal uint64, rec uapi.Record) error {
	if ordinal != l.After() {
		l.t.Errorf("record %d comes where %d belongs", ordinal, l.After())
	}
	l.recs = append(l.recs, bytes.Clone(rec))
	return nil
}

// newTail makes a journal and a tail of it, by a filesystem that can fail.
func newTail(t *testing.T) (dir string, w *uj.Writer, fsys *errorfs.FS, l *tailer) {
	t.Helper()
	dir = t.TempDir()
	w, err := uj.Create(dir, uj.Options{Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	fsys = errorfs.New(uj.OSFS, nil)
	r, err := uj.OpenFS(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return dir, w, fsys, &tailer{Tail: r.Tail(0), t: t}
}

// show appends records and has them seen.
func show(t *testing.T, w *uj.Writer, recs [][]byte) {
	t.Helper()
	if _, err := w.AppendBatch(recs); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// All that is appended comes once and in order, whatever the writer does meanwhile.
func TestTail(t *testing.T) {
	recs := uj.SomeRecords(20_000)
	for name, o := range map[string]uj.Options{
		"plain":         {Interval: -1},
		"short":         {Interval: -1, SegmentSize: 128 << 10},
		"zeroes behind": {Interval: -1, SegmentSize: 128 << 10, Durability: uj.DurabilityBatch},
		"raw":           {Interval: -1, Codec: uj.CodecNone},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := uj.Create(dir, o)
			if err != nil {
				t.Fatal(err)
			}
			r, err := uj.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			done := make(chan error, 1)
			go func() {
				for i := 0; i < len(recs); i += 50 {
					_, err := w.AppendBatch(recs[i : i+50])
					if err == nil && i%300 == 0 {
						err = w.Flush()
					}
					if err != nil {
						done <- err
						return
					}
				}
				done <- w.Close()
			}()
			l := &tailer{Tail: r.Tail(0), t: t}
			for ended := false; !ended; {
				select {
				case err := <-done:
					if err != nil {
						t.Fatal(err)
					}
					ended = true
				default:
				}
				l.read(nil)
			}
			uj.Equal(t, l.recs, recs)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A look opens nothing while the segment goes on.
func TestTailKeepsTheFile(t *testing.T) {
	_, w, fsys, l := newTail(t)
	l.read(nil)
	fsys.Set(nil)
	recs := uj.SomeRecords(3000)
	for i := 0; i < len(recs); i += 1000 { // in more than one block
		show(t, w, recs[i:i+1000])
		l.read(nil)
		l.read(nil)
	}
	uj.Equal(t, l.recs, recs)
	if opened, listed := fsys.Count(errorfs.Open), fsys.Count(errorfs.ReadDir); opened+listed > 0 {
		t.Errorf("%d files were opened and %d folders listed", opened, listed)
	}
}

// What goes wrong at a look is told, and costs no record of those that can be read.
func TestTailOfTrouble(t *testing.T) {
	dir, w, fsys, l := newTail(t)
	recs := uj.SomeRecords(600)
	l.read(nil)
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, uj.SegmentName(1)))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	appendSome := func(n int) {
		t.Helper()
		show(t, w, recs[n:n+100])
	}

	appendSome(0)
	stop := errors.New("enough")
	err := l.Read(nil, func(ordinal uint64, rec uapi.Record) error {
		if err := l.take(ordinal, rec); err != nil || ordinal < 40 {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) || l.After() != 40 {
		t.Fatalf("behind %d: %v", l.After(), err)
	}
	l.read(nil)

	appendSome(100)
	fsys.Set(errorfs.From(errorfs.Read, 1, unix.EIO))
	if err := l.Read(nil, l.take); !errors.Is(err, unix.EIO) {
		t.Fatal(err)
	}
	fsys.Set(nil)
	l.read(nil)
	uj.Equal(t, l.recs, recs[:200])

	begin := size()
	appendSome(200)
	uj.Spoil(t, dir, 1, int(begin+size())/2)
	appendSome(300)
	var told []uint64
	l.read(func(d *uj.DamageError) error {
		told = append(told, d.First, d.Last)
		return nil
	})
	appendSome(400)
	l.read(nil)
	if len(told) != 2 || told[0] != 201 || told[1] != 300 {
		t.Errorf("damage is told as %d", told)
	}
	uj.Equal(t, l.recs, append(recs[:200:200], recs[300:500]...))
}

// A writer that was killed leaves its segment as it is, and the next begins another.
func TestTailAfterAKill(t *testing.T) {
	recs := uj.SomeRecords(200)
	for _, durability := range []uj.Durability{uj.DurabilityInterval, uj.DurabilityNone, uj.DurabilityBatch, uj.DurabilityRecord} {
		t.Run(durability.String(), func(t *testing.T) {
			written, dir := t.TempDir(), filepath.Join(t.TempDir(), "killed")
			o := uj.Options{Durability: durability, Interval: -1}
			killed, err := uj.Create(written, o)
			if err != nil {
				t.Fatal(err)
			}
			defer killed.Close()
			show(t, killed, recs[:100])
			if err := os.CopyFS(dir, os.DirFS(written)); err != nil {
				t.Fatal(err)
			}
			r, err := uj.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			l := &tailer{Tail: r.Tail(0), t: t}
			l.read(nil)
			next, err := uj.Create(dir, o)
			if err != nil {
				t.Fatal(err)
			}
			defer next.Close()
			show(t, next, recs[100:])
			l.read(nil)
			uj.Equal(t, l.recs, recs)
		})
	}
}
