// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vexj/export"
	"vexj/internal/render"
	"vexj/internal/tale"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// A shelf is a sink that remembers what was committed.
type shelf struct {
	size    int // of a part
	part    []taken
	all     []taken
	commits int
	fail    error // the next commit
	arrived chan struct{}
}

type taken struct {
	ordinal uint64
	rec     uapi.Record
}

func (s *shelf) Add(e render.Entry) error {
	s.part = append(s.part, taken{e.Ordinal, slices.Clone(e.Rec)})
	return nil
}

func (s *shelf) Full() bool { return len(s.part) >= s.size }

func (s *shelf) Commit(_ context.Context, first, upto userjournal.Position) error {
	if err := s.fail; err != nil {
		s.fail = nil
		return err
	}
	if len(s.part) > 0 {
		s.commits++
		if first == nil || first.Sum() >= upto.Sum() && len(first) == 1 {
			return fmt.Errorf("a part of what is between %v and %v", first, upto)
		}
	}
	s.all = append(s.all, s.part...)
	s.part = nil
	if s.arrived != nil {
		select {
		case s.arrived <- struct{}{}:
		default:
		}
	}
	return nil
}

func (s *shelf) Close() error { return nil }

func (s *shelf) ordinals() (all []uint64) {
	for _, t := range s.all {
		all = append(all, t.ordinal)
	}
	return all
}

// record is the n-th of a journal: writes, each fifth a delete, and one a loss.
func record(t testing.TB, b *uapi.Builder, n int) uapi.Record {
	h := uapi.Header{
		EventID: uint64(uapi.ProducerTest)<<56 | uint64(n), Type: uapi.FSWrite, Ktime: uint64(n) * 1000,
		GlobalSequence: uint64(n), Priority: uapi.PriorityNormal, VisibilityMask: ^uint64(0),
	}
	switch {
	case n == 33:
		h.Type = uapi.SysLost
		b.Begin(h)
		b.AddLost(uapi.Lost{Count: 1, First: 33, Last: 33, Cause: uapi.LostFull})
	case n%5 == 0:
		h.Type = uapi.FSDelete
		fallthrough
	default:
		b.Begin(h)
		b.AddString(uapi.AttrPath, fmt.Sprintf("/f/%d", n))
	}
	rec, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// appendTo writes records into a journal, in shards if there are any.
func appendTo(t testing.TB, dir string, shards []string, from, to int) {
	t.Helper()
	w, err := userjournal.CreateSet(dir, shards, userjournal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := uapi.NewBuilder(nil)
	for n := from; n <= to; n++ {
		if _, err := w.Append(record(t, b, n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string) *userjournal.Set {
	t.Helper()
	set, err := userjournal.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set
}

func compile(t testing.TB, c query.Conditions, v query.View) *query.Filter {
	t.Helper()
	c.Losses = true
	f, err := c.Compile(v)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func between(from, to uint64) (all []uint64) {
	for ; from <= to; from++ {
		all = append(all, from)
	}
	return all
}

func TestPartsFollowEachOther(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, nil, 1, 100)
	set := open(t, dir)
	s := &shelf{size: 7}
	var told []string
	x := export.Export{Set: set, Filter: compile(t, query.Conditions{}, query.All), Sink: s,
		Committed: func(p userjournal.Position) error { told = append(told, p.String()); return nil }}
	r, err := x.Run(t.Context())
	if err != nil || r.Sent != 100 || r.Losses != 1 || r.Gaps != 0 || !slices.Equal(s.ordinals(), between(1, 100)) {
		t.Fatalf("%+v %v: %v", r, err, s.ordinals())
	}
	if s.commits != 15 || len(told) != 15 || told[0] != "7" || told[14] != "100" {
		t.Errorf("%d commits, told %v", s.commits, told)
	}
	// Again from there: there is nothing.
	x.After, x.Sink = r.Upto, &shelf{size: 7}
	if r, err := x.Run(t.Context()); err != nil || r.Sent != 0 {
		t.Errorf("%+v %v", r, err)
	}
	appendTo(t, dir, nil, 101, 110)
	if r, err := x.Run(t.Context()); err != nil || r.Sent != 10 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestLossesPassEveryFilter: who asks for a part has to know what is missing of it.
func TestLossesPassEveryFilter(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, nil, 1, 100)
	s := &shelf{size: 10}
	x := export.Export{Set: open(t, dir), Filter: compile(t, query.Conditions{Paths: []string{"/f/10"}}, query.All), Sink: s}
	if r, err := x.Run(t.Context()); err != nil || r.Losses != 1 || !slices.Equal(s.ordinals(), []uint64{10, 33}) {
		t.Errorf("%+v %v: %v", r, err, s.ordinals())
	}
}

// TestFailedCommitIsRepeated: nothing moves on until the target has it.
func TestFailedCommitIsRepeated(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, nil, 1, 50)
	broken := errors.New("broken")
	s := &shelf{size: 20}
	x := export.Export{Set: open(t, dir), Filter: compile(t, query.Conditions{}, query.All), Sink: s}
	x.Committed = func(userjournal.Position) error { s.fail = broken; return nil }
	r, err := x.Run(t.Context())
	if !errors.Is(err, broken) || r.Sent != 20 || r.Upto.String() != "20" {
		t.Fatalf("%+v %v", r, err)
	}
	s.part, s.fail = nil, nil
	x.After, x.Committed = r.Upto, nil
	if _, err := x.Run(t.Context()); err != nil || !slices.Equal(s.ordinals(), between(1, 50)) {
		t.Errorf("%v: %v", err, s.ordinals())
	}
}

func TestShards(t *testing.T) {
	dir := t.TempDir()
	shards := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")}
	appendTo(t, filepath.Join(dir, "set"), shards, 1, 100)
	set := open(t, filepath.Join(dir, "set"))
	s := &shelf{size: 9}
	x := export.Export{Set: set, Filter: compile(t, query.Conditions{}, query.All), Sink: s}
	// In pieces, each of which begins where the one before ended.
	for i := 0; ; i++ {
		stop := errors.New("stop")
		x.Committed = func(p userjournal.Position) error { x.After = p; return stop }
		_, err := x.Run(t.Context())
		if err == nil {
			break
		}
		if !errors.Is(err, stop) || i > 20 {
			t.Fatal(err)
		}
	}
	var ids []uint64
	for _, one := range s.all {
		ids = append(ids, one.rec.GlobalSequence())
	}
	if !slices.Equal(ids, between(1, 100)) {
		t.Errorf("%v", ids)
	}
}

// TestFollow: what is recorded while it goes on arrives, and the end brings the rest.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, nil, 1, 10)
	s := &shelf{size: 1000, arrived: make(chan struct{}, 1)}
	x := export.Export{Set: open(t, dir), Filter: compile(t, query.Conditions{}, query.All), Sink: s, Follow: true, Every: time.Millisecond}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var r export.Report
	go func() {
		var err error
		r, err = x.Run(ctx)
		ended <- err
	}()
	<-s.arrived
	appendTo(t, dir, nil, 11, 60)
	for len(s.arrived) == 0 {
		time.Sleep(time.Millisecond)
	}
	<-s.arrived
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := len(s.all); n <= 10 || uint64(n) != r.Sent || !slices.Equal(s.ordinals(), between(1, uint64(n))) {
		t.Errorf("%+v: %v", r, s.ordinals())
	}
}

// TestFollowEndsWithItsTarget: a commit on the timer that fails ends it.
func TestFollowEndsWithItsTarget(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, nil, 1, 10)
	broken := errors.New("broken")
	s := &shelf{size: 1000}
	x := export.Export{Set: open(t, dir), Filter: compile(t, query.Conditions{}, query.All), Sink: s, Follow: true, Every: time.Millisecond}
	x.Committed = func(p userjournal.Position) error {
		if p.Sum() > 10 {
			return broken
		}
		appendTo(t, dir, nil, 11, 20)
		return nil
	}
	if _, err := x.Run(t.Context()); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestStopped(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, nil, 1, 100)
	ctx, cancel := context.WithCancel(t.Context())
	s := &shelf{size: 10}
	x := export.Export{Set: open(t, dir), Filter: compile(t, query.Conditions{}, query.All), Sink: s,
		Committed: func(userjournal.Position) error { cancel(); return nil }}
	if r, err := x.Run(ctx); !errors.Is(err, export.ErrStopped) || r.Sent != 10 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestGap: what was removed, or cannot be read, is exported as a loss.
func TestGap(t *testing.T) {
	dir := t.TempDir()
	for n := range 3 {
		appendTo(t, dir, nil, 100*n+1, 100*n+100) // a segment each
	}
	removed, err := userjournal.Retain(dir, userjournal.RetainOptions{MaxBytes: 1})
	if err != nil || removed.Removed.Last != 200 {
		t.Fatalf("%+v %v", removed, err)
	}
	last := removed.Removed.Last
	s := &shelf{size: 1000}
	told := 0
	x := export.Export{Set: open(t, dir), Filter: compile(t, query.Conditions{}, query.All), Sink: s, After: userjournal.Position{10},
		Damage: func(*userjournal.DamageError) { told++ }}
	r, err := x.Run(t.Context())
	if err != nil || r.Gaps != 1 || told != 1 || r.Losses != 1 {
		t.Fatalf("%+v %v, told %d", r, err, told)
	}
	lost, ok := s.all[0].rec.Lost()
	want := uapi.Lost{Count: last - 10, First: 11, Last: last, CPU: uapi.SeveralCPUs}
	if !ok || s.all[0].rec.Producer() != uapi.ProducerJournal || lost != want || s.all[0].ordinal != 11 {
		t.Errorf("%+v, want %+v", lost, want)
	}
	if !slices.Equal(s.ordinals()[1:], between(last+1, 300)) {
		t.Errorf("%d records behind it", len(s.all)-1)
	}
	// Without a place to go on at nothing before the first record was owed.
	x.After, x.Sink = nil, &shelf{size: 1000}
	if r, err := x.Run(t.Context()); err != nil || r.Gaps != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestView: what is not in the view is as if it had never been written.
func TestView(t *testing.T) {
	ann := query.View{Mask: tale.AnnMask}
	var got [2][]string
	for i, seen := range []uint64{tale.AnnMask | tale.BobMask, tale.AnnMask} {
		dir := t.TempDir()
		if err := tale.Write(dir, seen); err != nil {
			t.Fatal(err)
		}
		set := open(t, dir)
		s := &shelf{size: 3}
		x := export.Export{Set: set, Filter: compile(t, query.Conditions{}, ann), Sink: s, Shown: query.Inquire(set, ann).Shown}
		if _, err := x.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, one := range s.all {
			got[i] = append(got[i], string(one.rec))
		}
	}
	if len(got[0]) != tale.AnnRecords || !slices.Equal(got[0], got[1]) {
		t.Errorf("%d and %d records, or not the same", len(got[0]), len(got[1]))
	}
}
