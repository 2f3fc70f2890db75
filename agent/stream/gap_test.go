// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vexj/query/where"
)

// A crash of the machine takes records back that were delivered: their numbers are
// those of others afterwards. Who comes back is told, and gets all that was written
// since.
func TestWhatWasTakenBackIsAGap(t *testing.T) {
	for name, since := range map[string]int{"less than was taken": 2, "more than was taken": 20} {
		t.Run(name, func(t *testing.T) {
			f := newField(t, Options{})
			f.append(5)
			if err := f.writer.Sync(); err != nil {
				t.Fatal(err)
			}
			crashed := filepath.Join(f.dir, "crashed")
			if err := os.CopyFS(crashed, os.DirFS(filepath.Join(f.dir, "journal"))); err != nil {
				t.Fatal(err)
			}
			r := f.subscribe(after(Oldest))
			f.append(5)
			r.wantRange(1, 10, nil)
			fifth := ""
			again := f.subscribe(after(Oldest))
			for range 5 {
				fifth = again.next().Cursor
			}
			f.close()
			if err := os.RemoveAll(filepath.Join(f.dir, "journal")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(crashed, filepath.Join(f.dir, "journal")); err != nil {
				t.Fatal(err)
			}
			f.open(Options{})
			f.next, f.ids = 101, f.ids+1000
			f.append(since)
			for _, query := range []string{"", "&format=sse"} {
				taken := f.subscribe(after(r.last) + query)
				if g := taken.wantGap(GapTakenBack); g.Cursor != r.last || g.Missed != 0 {
					t.Errorf("%+v", g)
				}
				taken.wantRange(101, uint64(100+since), nil)
			}
			kept := f.subscribe(after(fifth))
			kept.wantRange(101, uint64(100+since), nil)
			f.append(1)
			kept.want(uint64(101 + since))
		})
	}
}

// segments are the files of the journal and what is in them.
func (f *field) segments(t *testing.T) (names []string, contents [][]byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(f.dir, "journal", "*.usjl"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	slices.Sort(names)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, b)
	}
	return names, contents
}

// flip changes a byte of a file.
func flip(t *testing.T, name string, at int) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b := make([]byte, 1)
	if _, err := file.ReadAt(b, int64(at)); err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte{^b[0]}, int64(at)); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsAGap(t *testing.T) {
	f := newField(t, Options{})
	for range 20 {
		f.append(500)
		if err := f.writer.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	f.close()
	names, contents := f.segments(t)
	flip(t, names[0], len(contents[0])/2)
	f.open(Options{})
	f.append(1)
	r := f.subscribe(after(Oldest))
	var numbers []uint64
	gaps, before, cursor := 0, 0, ""
	for len(numbers) == 0 || numbers[len(numbers)-1] != f.next-1 {
		g := r.next()
		if g.Gap == nil {
			numbers = append(numbers, g.Sequence)
			continue
		}
		if g.Gap.Reason != GapDamaged {
			t.Fatalf("%+v", g.Gap)
		}
		gaps++
		before, cursor = len(numbers), g.Gap.Cursor
	}
	if gaps != 1 || before == 0 || len(numbers) >= int(f.next-1) || !slices.IsSorted(numbers) {
		t.Fatalf("%d gaps, the first behind %d of %d records", gaps, before, len(numbers))
	}
	if first := numbers[before]; first == numbers[before-1]+1 {
		t.Errorf("nothing is missing where the gap is: record %d", first)
	}
	// From the gap on it is the same again.
	again := f.subscribe(after(cursor))
	again.wantGap(GapDamaged)
	again.want(numbers[before:]...)
}

// A brokenWriter's disk changes what was written before anybody has read it, once.
type brokenWriter struct {
	Writer
	broken atomic.Bool
	f      *field
	t      *testing.T
}

func (w *brokenWriter) Flush() error {
	if !w.broken.Load() {
		return w.Writer.Flush()
	}
	_, before := w.f.segments(w.t)
	err := w.Writer.Flush()
	names, now := w.f.segments(w.t)
	last := len(before) - 1
	if first, end := changed(before[last], now[last]); end > first {
		flip(w.t, names[last], (first+end)/2)
		w.broken.Store(false)
	}
	return err
}

// changed is the part of b that is another one than in a, behind the header.
func changed(a, b []byte) (first, end int) {
	const header = 4096
	for first = header; first < len(b) && first < len(a) && a[first] == b[first]; first++ {
	}
	for end = len(b); end > first && (end <= len(a) && a[end-1] == b[end-1] || end > len(a) && b[end-1] == 0); end-- {
	}
	return first, end
}

// TestDamageIsAGapToWhoIsLive: the live ones go on behind it.
func TestDamageIsAGapToWhoIsLive(t *testing.T) {
	f := newField(t, Options{})
	w := &brokenWriter{Writer: f.writer, f: f, t: t}
	f.hub.o.Writer = w
	r := f.subscribe("")
	f.append(10)
	r.wantRange(1, 10, nil)
	w.broken.Store(true)
	for w.broken.Load() { // the writer may write by itself before it is told to
		f.append(10)
		time.Sleep(time.Millisecond)
	}
	f.append(10) // what nothing follows may be half written
	g := r.wantGap(GapDamaged)
	if g.Cursor == "" {
		t.Errorf("%+v", g)
	}
	next := r.next()
	if next.Sequence < 11 || next.Sequence > f.next-10 {
		t.Fatalf("%+v", next)
	}
	for n := next.Sequence + 1; n < f.next; n++ {
		r.want(n)
	}
}

// What may cost too much is stopped at the record for which it does, and its stream
// ends with what was wrong; others go on.
func TestCostlyExpressionEndsItsStream(t *testing.T) {
	costly := "true"
	for _, v := range []string{"a", "b", "c", "d", "e", "f"} {
		costly = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20].all(" + v + ", " + costly + ")"
	}
	query := escape("where", "path != '/d4/f14' || "+costly)
	f := newField(t, Options{Heartbeat: 0})
	same, live, other := f.subscribe(query), f.subscribe(query), f.subscribe("")
	f.append(20)
	other.wantRange(1, 20, nil)
	past := f.subscribe(after(Oldest) + "&" + query)
	for name, r := range map[string]*reader{"live": live, "live too": same, "in the past": past} {
		r.wantRange(1, 13, nil)
		g := r.next()
		if g.End == nil || !strings.Contains(g.End.Error, where.ErrCost.Error()) || g.End.Cursor != r.last {
			t.Errorf("%s: %+v", name, g)
		}
	}
	f.append(1)
	other.want(21)
	for _, from := range []string{after(Oldest), after(live.last)} {
		if code, body := f.get(t, f.path, "/v1/wait?timeout=1m&"+from+"&"+escape("where", "path == '/d4/f14' && "+costly)); code != 400 || !strings.Contains(body, where.ErrCost.Error()) {
			t.Errorf("wait: %d %s", code, body)
		}
	}
}
