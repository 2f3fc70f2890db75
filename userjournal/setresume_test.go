// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vexj/uapi"
)

// resumeField is a set whose last records a crash may take back.
type resumeField struct {
	t    *testing.T
	dir  string
	w    *SetWriter
	s    *Set
	next uint64
}

func newResumeField(t *testing.T, shards int) *resumeField {
	f := &resumeField{t: t, dir: filepath.Join(t.TempDir(), "j")}
	var dirs []string
	for i := range shards {
		dirs = append(dirs, filepath.Join(f.dir, string(rune('a'+i))))
	}
	f.open(dirs)
	return f
}

func (f *resumeField) open(shards []string) {
	f.t.Helper()
	var err error
	if f.w, err = CreateSet(f.dir, shards, Options{SegmentSize: 64 << 10}); err != nil {
		f.t.Fatal(err)
	}
	if f.s, err = OpenSet(f.dir); err != nil {
		f.t.Fatal(err)
	}
	w, s := f.w, f.s
	f.t.Cleanup(func() { _, _ = w.Close(), s.Close() })
}

func (f *resumeField) append(n int) {
	f.t.Helper()
	b := uapi.NewBuilder(nil)
	for range n {
		f.next++
		b.Begin(uapi.Header{EventID: 1<<56 + f.next, Type: uapi.FSWrite, Ktime: f.next, GlobalSequence: f.next})
		b.AddString(uapi.AttrPath, fmt.Sprintf("/some/%x", f.next*0x9e3779b97f4a7c15))
		r, err := b.Finish()
		if err == nil {
			_, err = f.w.Append(r)
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
	if err := f.w.Sync(); err != nil {
		f.t.Fatal(err)
	}
}

// cursors of all records, and what stands behind each.
func (f *resumeField) cursors() (texts []string, at []Position) {
	f.t.Helper()
	behind := make(Position, len(f.s.Shards()))
	err := f.s.Scan(ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		behind.Pass(ordinal)
		texts, at = append(texts, f.s.Cursor(behind, ordinal, r)), append(at, slices.Clone(behind))
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return texts, at
}

// crash puts the journal back to a copy.
func (f *resumeField) crash(copied string) {
	f.t.Helper()
	err := errors.Join(f.w.Close(), f.s.Close(), os.RemoveAll(f.dir), os.Rename(copied, f.dir))
	if err != nil {
		f.t.Fatal(err)
	}
	f.open(nil)
}

func TestSetResume(t *testing.T) {
	for _, shards := range []int{0, 3} {
		f := newResumeField(t, shards)
		f.append(50)
		copied := f.dir + ".copy"
		if err := os.CopyFS(copied, os.DirFS(f.dir)); err != nil {
			t.Fatal(err)
		}
		f.append(50)
		texts, at := f.cursors()
		for i, text := range texts {
			if got, lost, err := f.s.Resume(text); !slices.Equal(got, at[i]) || lost != nil || err != nil {
				t.Errorf("%d shards, record %d: %v, %v, %v; want %v", shards, i+1, got, lost, err, at[i])
			}
		}
		f.crash(copied)
		kept, err := f.s.End()
		if err != nil {
			t.Fatal(err)
		}
		f.next += 1000
		for _, since := range []int{0, 10, 100} {
			f.append(since)
			for i, text := range texts {
				got, lost, err := f.s.Resume(text)
				want := at[i]
				if i >= 50 {
					want = kept
				}
				if !slices.Equal(got, want) || err != nil || (i >= 50) != errors.Is(lost, ErrTakenBack) {
					t.Errorf("%d shards, record %d, %d since: %v, %v, %v; want %v", shards, i+1, since, got, lost, err, want)
				}
			}
		}
		for _, text := range []string{"", "vexj1.", texts[0][1:], "vexj1s.AAAA"} {
			if got, _, err := f.s.Resume(text); !errors.Is(err, ErrCursor) {
				t.Errorf("%d shards, %q: %v, %v", shards, text, got, err)
			}
		}
		other := newResumeField(t, shards)
		other.append(1)
		if got, _, err := other.s.Resume(texts[0]); !errors.Is(err, ErrCursor) {
			t.Errorf("%d shards, a cursor of another set: %v, %v", shards, got, err)
		}
	}
}

// TestSetResumeRemoved: what was removed is told, and what is left comes all.
func TestSetResumeRemoved(t *testing.T) {
	f := newResumeField(t, 0)
	for range 20 {
		f.append(1000)
	}
	texts, _ := f.cursors()
	report, err := Retain(f.dir, RetainOptions{MaxBytes: 128 << 10})
	if err != nil || report.Removed.Records == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	last := report.Removed.Last
	f.s.Close()
	if f.s, err = OpenSet(f.dir); err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{1, last / 2, last - 1} {
		if got, lost, err := f.s.Resume(texts[n-1]); !slices.Equal(got, Position{last}) || !errors.Is(lost, ErrRemoved) || err != nil {
			t.Errorf("record %d of %d that were removed: %v, %v, %v", n, last, got, lost, err)
		}
	}
	if got, lost, err := f.s.Resume(texts[last]); !slices.Equal(got, Position{last + 1}) || lost != nil || err != nil {
		t.Errorf("the oldest: %v, %v, %v", got, lost, err)
	}
}
