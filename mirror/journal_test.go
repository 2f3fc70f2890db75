// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/userjournal/errorfs"
)

func create(t testing.TB, dir string, o userjournal.Options) *userjournal.Writer {
	t.Helper()
	w, err := userjournal.Create(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// read returns copies of all records of a journal.
func read(t testing.TB, dir string) (records []uapi.Record) {
	t.Helper()
	r, err := userjournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		records = append(records, append(uapi.Record(nil), rec...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func audit(t testing.TB, dir string) *query.Account {
	t.Helper()
	r, err := userjournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a, err := query.Audit(r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// session is one run of a recorder on a journal.
func session(t *testing.T, dir string, run uint64, killed bool) *bench {
	t.Helper()
	b := newBench(t, 2, 1<<16, Options{Journal: dir})
	b.src.base = testBase + run<<32
	w := create(t, dir, userjournal.Options{})
	b.out.w = w
	b.startAt(t, 0)
	b.record(0, 2, 50)
	if killed {
		b.pass(false)
	} else {
		b.lose(5)
		b.record(1, 56, 100)
		b.pass(false)
		b.Grace = 0
		b.now = time.Now
		if err := b.finish(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	for run, s := range []struct {
		killed  bool
		unclean bool // it finds that the one before was killed
	}{{false, false}, {true, false}, {true, true}, {false, true}, {false, false}} {
		b := session(t, dir, uint64(run), s.killed)
		unclean := slices.ContainsFunc(b.notices, func(n Notice) bool { return n.Kind == NoticeUnclean && n.Err == nil })
		if unclean != s.unclean {
			t.Errorf("run %d: the one before it was killed: %v", run, unclean)
		}
	}
	const clean, killed = "S1 L55*5full E101", "S1 L51*0unclean"
	var words []string
	for _, w := range strings.Fields(describe(read(t, dir))) {
		if strings.ContainsAny(w, "SLE") {
			words = append(words, w)
		}
	}
	if got, want := strings.Join(words, " "), strings.Join([]string{clean, killed, killed, clean, clean}, " "); got != want {
		t.Errorf("journal %s\nwant    %s", got, want)
	}
	a := audit(t, dir)
	if !a.Sound() || len(a.Epochs) != 5 {
		t.Errorf("%d epochs, problems %v, strays %v", len(a.Epochs), problems(a), a.Strays)
	}
	for i, e := range a.Epochs {
		if e.Attempted != e.Records+e.Lost {
			t.Errorf("epoch %d: %d attempted, %d records, %d lost", i, e.Attempted, e.Records, e.Lost)
		}
	}
}

func problems(a *query.Account) (all []query.Problem) {
	for _, e := range a.Epochs {
		all = append(all, e.Problems...)
	}
	return all
}

// TestUncleanFarBack: the last start is in an older segment than the last
// record, in the same shard or in another, and the journal has said something of
// itself meanwhile.
func TestUncleanFarBack(t *testing.T) {
	for shards := range 3 {
		dir := t.TempDir()
		var dirs []string
		for i := range shards {
			dirs = append(dirs, filepath.Join(dir, fmt.Sprint(i)))
		}
		w, err := userjournal.CreateSet(dir, dirs, userjournal.Options{SegmentSize: 1 << 16})
		if err != nil {
			t.Fatal(err)
		}
		b := newBench(t, 1, 1<<18, Options{Journal: dir})
		b.out.w = w
		b.startAt(t, 0)
		for i := range uint64(5) {
			b.record(0, 2+i*1000, 1+(i+1)*1000)
			b.pass(false)
		}
		removed := uapi.NewBuilder(nil)
		removed.Begin(uapi.Header{EventID: uapi.IDBase(uapi.ProducerJournal, time.Now().UnixNano()), Type: uapi.SysRemoved})
		removed.AddRemoved(uapi.Removed{First: 1, Last: 2, Records: 2})
		rec, err := removed.Finish()
		if err == nil {
			_, err = w.Append(rec)
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		e, err := lastEpoch(dir)
		if want := (epoch{open: true, first: testBase + 1, id: testBase + 5001, global: 5001}); err != nil || e != want {
			t.Errorf("%d shards: %+v, %v; want %+v", shards, e, err, want)
		}
	}
}

// TestDisk: each way in which the disk can fail ends Run with its error, after
// the producer was stopped, and what was acknowledged is in the journal.
func TestDisk(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault errorfs.Injector
		want  error
	}{
		{"full", errorfs.Full(200 << 10), unix.ENOSPC},
		{"full at once", errorfs.Full(0), unix.ENOSPC},
		{"write error", errorfs.From(errorfs.Write, 5, unix.EIO), unix.EIO},
		{"sync error", errorfs.From(errorfs.Sync, 1, unix.EIO), unix.EIO},
		{"short write", errorfs.Short(4, 100, unix.EDQUOT), unix.EDQUOT},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			disk := errorfs.New(userjournal.OSFS, nil)
			w := create(t, dir, userjournal.Options{FS: disk, Codec: userjournal.CodecNone})
			disk.Set(test.fault)
			s := &storm{bench: newBench(t, 2, 1<<22, Options{}), each: 10000, mishap: 100}
			s.out.w = w
			s.src.stopped = s.cpus.Wait
			s.blow()
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				s.cpus.Wait()
				cancel()
			}()
			err := s.Run(ctx)
			s.stray.Wait()
			if !errors.Is(err, test.want) || !errors.Is(err, userjournal.ErrStopped) {
				t.Errorf("Run returned %v, want %v", err, test.want)
			}
			if s.src.stops != 1 {
				t.Errorf("the producer was stopped %d times", s.src.stops)
			}
			var stopped *userjournal.StoppedError
			if !errors.As(err, &stopped) {
				t.Fatalf("%v does not say what is safe", err)
			}
			disk.Set(nil)
			_ = w.Close()
			again := create(t, dir, userjournal.Options{})
			if next := again.Recovery().Next; next <= stopped.Acknowledged {
				t.Errorf("up to %d was acknowledged, the journal goes on with %d", stopped.Acknowledged, next)
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
