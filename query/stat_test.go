// SPDX-License-Identifier: Apache-2.0

package query

import (
	"slices"
	"testing"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

func TestMeasure(t *testing.T) {
	m := records(t, []operation{
		{t: uapi.FSWrite, pid: 10, comm: "vi", path: "/a", result: 100, ktime: 5},
		{t: uapi.FSRead, pid: 10, comm: "vi", path: "/a", result: 50, ktime: 6},
		{t: uapi.FSWrite, flags: uapi.FlagFailed, pid: 11, comm: "cp", path: "/b", result: -28, ktime: 7},
		{t: uapi.FSOpen, flags: uapi.FlagFailed, pid: 11, comm: "cp", path: "/c", result: -2, ktime: 8},
		{t: uapi.FSOpen, flags: uapi.FlagFailed, pid: 11, comm: "cp", path: "/c", result: -2, ktime: 9},
		{t: uapi.SysLost, lost: 17, ktime: 10},
		{t: 0x00012345, ktime: 11},
	})
	s, err := Measure(m, compile(t, Conditions{}), userjournal.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Records != 7 || s.Failed != 3 || s.Written != 100 || s.Read != 50 || s.Lost != 17 {
		t.Errorf("got %d records, %d failed, %d written, %d read, %d lost", s.Records, s.Failed, s.Written, s.Read, s.Lost)
	}
	if s.First != 1 || s.Last != 7 || !s.FirstTime.Equal(wall(5)) || !s.LastTime.Equal(wall(11)) {
		t.Errorf("from %d %v to %d %v", s.First, s.FirstTime, s.Last, s.LastTime)
	}
	wantTypes := []TypeStat{
		{uapi.FSWrite, 2, 1, 100, 14 * time.Nanosecond},
		{uapi.FSOpen, 2, 2, 0, 14 * time.Nanosecond},
		{uapi.FSRead, 1, 0, 50, 7 * time.Nanosecond},
		{Type: uapi.SysLost, Records: 1},
		{Type: 0x00012345, Records: 1},
	}
	if got := s.Types(); !slices.Equal(got, wantTypes) {
		t.Errorf("types %v", got)
	}
	if got := s.Errnos(); !slices.Equal(got, []ErrnoCount{{2, 2}, {28, 1}}) {
		t.Errorf("errors %v", got)
	}
	if got := s.Paths.Top(2); !slices.Equal(got, []Top{{"/a", 2, 0}, {"/c", 2, 0}}) {
		t.Errorf("paths %v", got)
	}
	if got := s.Commands.Top(1); !slices.Equal(got, []Top{{"cp", 3, 0}}) {
		t.Errorf("commands %v", got)
	}
	if got := ParseProcess(s.Processes.Top(1)[0].Key); got != (Process{11, 110, "cp"}) {
		t.Errorf("process %v", got)
	}

	s, err = Measure(m, compile(t, Conditions{Failed: true}), userjournal.ScanOptions{})
	if err != nil || s.Records != 3 || s.First != 3 || !s.LastTime.Equal(wall(9)) {
		t.Errorf("filtered: %d records from %d to %v, %v", s.Records, s.First, s.LastTime, err)
	}
	if s, err = Measure(memory{}, compile(t, Conditions{}), userjournal.ScanOptions{}); err != nil || s.Records != 0 || !s.FirstTime.IsZero() {
		t.Errorf("empty: %d records, %v, %v", s.Records, s.FirstTime, err)
	}
}

// TestStatIsBounded: as many unknown types as one likes.
func TestStatIsBounded(t *testing.T) {
	s := NewStat()
	b := uapi.NewBuilder(nil)
	for i := range uint64(2000) {
		s.Add(i+1, operation{t: uapi.Type(0x10000 + i)}.record(t, b))
	}
	types := s.Types()
	if len(types) != maxOther+1 || types[0].Type != ^uapi.Type(0) || types[0].Records != 2000-maxOther {
		t.Errorf("%d types, the first %+v", len(types), types[0])
	}
}

func TestStatDoesNotAllocate(t *testing.T) {
	m := storm(t, 1000)
	s := NewStat()
	add := func() {
		for i, r := range m {
			s.Add(uint64(i), r)
		}
	}
	add()
	if n := testing.AllocsPerRun(10, add); n != 0 {
		t.Errorf("%v allocations for %d records", n, len(m))
	}
}
