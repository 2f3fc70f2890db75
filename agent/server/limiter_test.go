// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// clock is a limiter's that stands still.
func clock(l *limiter) *time.Time {
	now := time.Unix(1_000_000, 0)
	l.now = func() time.Time { return now }
	return &now
}

func refused(t *testing.T, err error, text string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusTooManyRequests || !strings.Contains(e.Error(), text) {
		t.Fatalf("want a refusal %q, got %v", text, err)
	}
	return e
}

func TestRequestsComeBackAtASteadyRate(t *testing.T) {
	l := newLimiter()
	now := clock(l)
	w := who{1, "a"}
	for i := range 60 {
		if err := l.request(w, 60); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if e := refused(t, l.request(w, 60), "60 requests a minute"); e.Retry != time.Second {
		t.Errorf("retry after %v", e.Retry)
	}
	// Others have their own.
	for _, other := range []who{{2, "a"}, {1, ""}, {1, "b"}} {
		if err := l.request(other, 60); err != nil {
			t.Error(err)
		}
	}
	*now = now.Add(500 * time.Millisecond)
	refused(t, l.request(w, 60), "used up")
	*now = now.Add(500 * time.Millisecond)
	if err := l.request(w, 60); err != nil {
		t.Error(err)
	}
	refused(t, l.request(w, 60), "used up")
	*now = now.Add(time.Hour)
	for range 60 {
		if err := l.request(w, 60); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, l.request(w, 60), "used up")
}

func TestEventsAreSpentAtOnceOrNotAtAll(t *testing.T) {
	l := newLimiter()
	now := clock(l)
	w := who{uid: 1}
	if err := l.emit(w, 10_000, 10_000); err != nil {
		t.Fatal(err)
	}
	e := refused(t, l.emit(w, 5_000, 10_000), "10000 events a minute")
	if e.Retry != 30*time.Second {
		t.Errorf("retry after %v", e.Retry)
	}
	*now = now.Add(e.Retry)
	if err := l.emit(w, 5_000, 10_000); err != nil {
		t.Error(err)
	}
	if e := refused(t, l.emit(w, 10_001, 10_000), "will ever allow"); e.Retry != 0 {
		t.Errorf("waiting %v will not help", e.Retry)
	}
	if err := l.emit(w, 1<<30, Unlimited); err != nil {
		t.Error(err)
	}
	refused(t, l.emit(w, 1, 0), "will ever allow")
	if l.stats() != (Limited{Events: 3}) {
		t.Errorf("%+v", l.stats())
	}
}

func TestStreamsAreCountedWhileOpen(t *testing.T) {
	l := newLimiter()
	w := who{uid: 1}
	var ends []func()
	for range 2 {
		end, err := l.stream(w, 2)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	_, err := l.stream(w, 2)
	refused(t, err, "2 streams are open")
	ends[0]()
	ends[0]() // once is enough
	if _, err := l.stream(w, 2); err != nil {
		t.Error(err)
	}
	_, err = l.stream(w, 2)
	refused(t, err, "2 streams are open")
	if l.stats() != (Limited{Streams: 2}) {
		t.Errorf("%+v", l.stats())
	}
}

func TestAccountsAreForgotten(t *testing.T) {
	l := newLimiter()
	now := clock(l)
	end, err := l.stream(who{uid: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 * maxAccounts {
		*now = now.Add(time.Second)
		if err := l.request(who{uint32(i + 2), ""}, 10); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.accounts); n > maxAccounts {
		t.Errorf("%d accounts are kept", n)
	}
	_, err = l.stream(who{uid: 1}, 1)
	refused(t, err, "1 streams are open")
	end()
}
