// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"errors"
	"math"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const forever = -1

func newReader(t *testing.T, rings ...*Ring) *Reader {
	t.Helper()
	rd, err := NewReader(rings)
	must(t, err)
	t.Cleanup(func() { must(t, rd.Close()) })
	return rd
}

// Each of these would hang if Wait missed what ends it.
func TestWaitEnds(t *testing.T) {
	quarter := pattern(1, 1024)
	tests := []struct {
		name    string
		timeout time.Duration
		before  func(t *testing.T, f *fakeRing, rd *Reader)
		during  func(t *testing.T, f *fakeRing, rd *Reader)
		want    error
	}{
		{name: "deadline", timeout: time.Millisecond},
		{name: "no time at all", timeout: 0},
		{name: "woken before", timeout: forever,
			before: func(t *testing.T, f *fakeRing, _ *Reader) { f.wake(t) }},
		{name: "woken during", timeout: forever,
			during: func(t *testing.T, f *fakeRing, _ *Reader) { f.wake(t) }},
		{name: "a quarter full", timeout: forever,
			before: func(_ *testing.T, f *fakeRing, _ *Reader) { f.output(quarter) }},
		{name: "Wake before", timeout: forever,
			before: func(_ *testing.T, _ *fakeRing, rd *Reader) { rd.Wake(); rd.Wake() }},
		{name: "Wake during", timeout: forever,
			during: func(_ *testing.T, _ *fakeRing, rd *Reader) { rd.Wake() }},
		{name: "Close before", timeout: forever, want: ErrClosed,
			before: func(t *testing.T, _ *fakeRing, rd *Reader) { must(t, rd.Close()) }},
		{name: "Close during", timeout: forever, want: ErrClosed,
			during: func(t *testing.T, _ *fakeRing, rd *Reader) { must(t, rd.Close()) }},
		{name: "Close wins over data", timeout: forever, want: ErrClosed,
			before: func(t *testing.T, f *fakeRing, rd *Reader) {
				f.output(quarter)
				must(t, rd.Close())
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, r := newFake(t, 4096)
			_, idle := newFake(t, 4096)
			rd := newReader(t, idle, r)
			if test.before != nil {
				test.before(t, f, rd)
			}
			result := make(chan error)
			go func() { result <- rd.Wait(test.timeout) }()
			if test.during != nil {
				test.during(t, f, rd)
			}
			if err := <-result; !errors.Is(err, test.want) {
				t.Errorf("Wait: %v, want %v", err, test.want)
			}
		})
	}
}

// TestWaitOnce checks that a wake is used up by the Wait it ends.
func TestWaitOnce(t *testing.T) {
	for name, wake := range map[string]func(*fakeRing, *Reader){
		"producer": func(f *fakeRing, _ *Reader) { f.wake(t) },
		"Wake":     func(_ *fakeRing, rd *Reader) { rd.Wake() },
	} {
		f, r := newFake(t, 4096)
		rd := newReader(t, r)
		wake(f, rd)
		must(t, rd.Wait(forever))
		n, err := unix.EpollWait(rd.epoll, rd.events, 0)
		must(t, err)
		if n != 0 {
			t.Errorf("%s: %d descriptors ready after Wait", name, n)
		}
	}
}

// TestBacklog: what epoll can't tell, and what would make Wait spin.
func TestBacklog(t *testing.T) {
	f, r := newFake(t, 4096)
	rd := newReader(t, r)
	var busy uintptr
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"empty", func() {}, false},
		{"less than a quarter", func() { f.output(pattern(1, 900)) }, false},
		{"a quarter", func() { f.output(pattern(2, 200)) }, true},
		{"read, not released", func() { readAll(t, r) }, true},
		{"released", r.Release, false},
		{"busy", func() { busy, _ = f.reserve(2000) }, false},
		{"more after the busy one", func() { f.output(pattern(3, 1000)) }, false},
		{"committed", func() { f.commit(busy, pattern(4, 2000)) }, true},
		{"closed", func() { must(t, r.Close()) }, false},
	} {
		step.do()
		if got := rd.backlog(); got != step.want {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}

func TestReaderCloseLeavesRings(t *testing.T) {
	f, r := newFake(t, 4096)
	rd := newReader(t, r)
	f.output(pattern(1, 10))
	must(t, rd.Close())
	must(t, rd.Close())
	rd.Wake()
	if got := readAll(t, rd.Rings()[0]); len(got) != 1 {
		t.Errorf("read %d samples after Reader.Close", len(got))
	}
}

func TestNewReaderNone(t *testing.T) {
	if _, err := NewReader(nil); err == nil {
		t.Error("a reader of no rings")
	}
}

func TestMilliseconds(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-1:                           -1,
		math.MinInt64:                -1,
		0:                            0,
		1:                            1,
		time.Millisecond:             1,
		time.Millisecond + 1:         2,
		time.Duration(math.MaxInt64): math.MaxInt32,
	} {
		if got := milliseconds(d); got != want {
			t.Errorf("%v is %d ms, want %d", d, got, want)
		}
	}
}
