// SPDX-License-Identifier: Apache-2.0

package folder_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vexj/export"
	"vexj/export/folder"
	"vexj/internal/render"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// numbers writes the ordinal of each record in a line, in parts of 20.
var numbers = folder.Format{Ext: "numbers", New: func(w io.Writer) (folder.Encoder, error) {
	return &lines{w: bufio.NewWriter(w)}, nil
}}

type lines struct {
	w *bufio.Writer
	n int
}

func (l *lines) Add(e render.Entry) error {
	l.n++
	_, err := fmt.Fprintln(l.w, e.Rec.GlobalSequence())
	return err
}
func (l *lines) Full() bool    { return l.n >= 20 }
func (l *lines) Finish() error { return l.w.Flush() }

const childVariable = "VEXJ_TEST_EXPORT"

func TestMain(m *testing.M) {
	if dirs, ok := os.LookupEnv(childVariable); ok {
		journal, to, _ := strings.Cut(dirs, ":")
		if _, err := run(context.Background(), journal, to, ""); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// run exports a journal into a folder.
func run(ctx context.Context, journal, to, selection string) (r export.Report, err error) {
	set, err := userjournal.OpenSet(journal)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	f, err := query.Conditions{Losses: true}.Compile(query.All)
	if err != nil {
		return r, err
	}
	sink, err := folder.Open(set, to, selection, numbers)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	x := export.Export{Set: set, Filter: f, Sink: sink, After: sink.After()}
	return x.Run(ctx)
}

func write(t *testing.T, dir string, shards []string, from, to int) {
	t.Helper()
	w, err := userjournal.CreateSet(dir, shards, userjournal.Options{Durability: userjournal.DurabilityNone})
	if err != nil {
		t.Fatal(err)
	}
	b := uapi.NewBuilder(nil)
	for n := from; n <= to; n++ {
		b.Begin(uapi.Header{EventID: uint64(uapi.ProducerTest)<<56 | uint64(n), Type: uapi.FSWrite, Ktime: uint64(n), GlobalSequence: uint64(n)})
		rec, err := b.Finish()
		if err == nil {
			_, err = w.Append(rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// content is what all parts have, in the order of their names, and how many there are.
func content(t *testing.T, dir string) (all []int, parts int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.numbers"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for word := range bytes.FieldsSeq(text) {
			n, err := strconv.Atoi(string(word))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, n)
		}
	}
	return all, len(names)
}

func whole(all []int, n int) bool {
	for i, v := range all {
		if v != i+1 {
			return false
		}
	}
	return len(all) == n
}

// TestKilled: an export that is killed again and again, at any time, leaves each record
// in the folder once.
func TestKilled(t *testing.T) {
	for _, shards := range []int{0, 3} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			const records = 6000 // 300 parts, each of which is synced
			base := t.TempDir()
			journal, to := filepath.Join(base, "j"), filepath.Join(base, "to")
			var dirs []string
			for i := range shards {
				dirs = append(dirs, filepath.Join(base, "s", strconv.Itoa(i)))
			}
			write(t, journal, dirs, 1, records)
			killed := 0
			for {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childVariable+"="+journal+":"+to)
				var said bytes.Buffer
				cmd.Stderr = &said
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				// At first before there is much, so that it does not end before it was killed.
				patience := 50 * killed
				if killed < 4 {
					patience = 5
				}
				timer := time.AfterFunc(time.Duration(rand.IntN(1000*(patience+1)))*time.Microsecond, func() { _ = cmd.Process.Kill() })
				err := cmd.Wait()
				timer.Stop()
				if err == nil {
					break
				}
				if said.Len() > 0 {
					t.Fatalf("%v: %s", err, said.String())
				}
				killed++
			}
			all, parts := content(t, to)
			if !whole(all, records) {
				t.Errorf("%d records in %d parts after %d kills, which are not those of the journal in their order", len(all), parts, killed)
			}
			if killed < 4 {
				t.Errorf("killed %d times only, which shows little", killed)
			}
			names, err := filepath.Glob(filepath.Join(to, "*"))
			if err != nil || len(names) != parts+1 {
				t.Errorf("%d files for %d parts: %v", len(names), parts, err)
			}
		})
	}
}

// TestKilledBeforeItBegan: what is left of a first state is no other folder's.
func TestKilledBeforeItBegan(t *testing.T) {
	base := t.TempDir()
	journal, to := filepath.Join(base, "j"), filepath.Join(base, "to")
	write(t, journal, nil, 1, 45)
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(to, ".export.json.123")
	if err := os.WriteFile(left, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), journal, to, ""); err != nil {
		t.Fatal(err)
	}
	if all, _ := content(t, to); !whole(all, 45) {
		t.Error(all)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// TestPartsMayBeTakenAway: the place does not depend on parts being there, nor on the
// state having been written after the last one.
func TestPartsMayBeTakenAway(t *testing.T) {
	base := t.TempDir()
	journal, to := filepath.Join(base, "j"), filepath.Join(base, "to")
	write(t, journal, nil, 1, 45)
	if _, err := run(t.Context(), journal, to, ""); err != nil {
		t.Fatal(err)
	}
	if all, parts := content(t, to); !whole(all, 45) || parts != 3 {
		t.Fatalf("%v in %d parts", all, parts)
	}
	state := filepath.Join(to, "export.json")
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	// Killed before it was written.
	if err := os.WriteFile(state, bytes.Replace(text, []byte(`"45"`), []byte(`"20"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := run(t.Context(), journal, to, ""); err != nil || r.Sent != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	names, _ := filepath.Glob(filepath.Join(to, "*.numbers"))
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	write(t, journal, nil, 46, 50)
	if _, err := run(t.Context(), journal, to, ""); err != nil {
		t.Fatal(err)
	}
	if all, _ := content(t, to); !slices.Equal(all, []int{46, 47, 48, 49, 50}) {
		t.Errorf("%v", all)
	}
}

func TestRefused(t *testing.T) {
	base := t.TempDir()
	one, other := filepath.Join(base, "one"), filepath.Join(base, "other")
	write(t, one, nil, 1, 5)
	write(t, other, nil, 1, 5)
	to := filepath.Join(base, "to")
	if _, err := run(t.Context(), one, to, "--type=write"); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(base, "foreign")
	if err := os.MkdirAll(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "thesis.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(base, "broken")
	if err := os.MkdirAll(broken, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "export.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ journal, to, selection, says string }{
		{other, to, "--type=write", "of journal"},
		{one, to, "--type=read", "exported with --type=write, and not with --type=read"},
		{one, to, "", "and not with no condition"},
		{one, foreign, "", "thesis.txt"},
		{one, broken, "", "not that of an export"},
	} {
		if _, err := run(t.Context(), tc.journal, tc.to, tc.selection); !errors.Is(err, folder.ErrOther) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%v, want %q", err, tc.says)
		}
	}
	set, err := userjournal.OpenSet(one)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	held, err := folder.Open(set, to, "--type=write", numbers)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), one, to, "--type=write"); !errors.Is(err, folder.ErrBusy) {
		t.Error(err)
	}
	if err := held.Close(); err != nil {
		t.Error(err)
	}
}

// TestStopped leaves nothing of the part that was not finished.
func TestStopped(t *testing.T) {
	base := t.TempDir()
	journal, to := filepath.Join(base, "j"), filepath.Join(base, "to")
	write(t, journal, nil, 1, 50)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := run(ctx, journal, to, ""); !errors.Is(err, export.ErrStopped) {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(to)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
}
