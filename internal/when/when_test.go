// SPDX-License-Identifier: Apache-2.0

package when

import (
	"errors"
	"testing"
	"time"
)

var (
	zone = time.FixedZone("test", 2*3600)
	now  = time.Date(2026, 3, 1, 12, 30, 15, 500, zone)
)

func TestParse(t *testing.T) {
	day := func(y int, m time.Month, d, h, min, s, ns int) time.Time {
		return time.Date(y, m, d, h, min, s, ns, zone)
	}
	for _, c := range []struct {
		in   string
		want time.Time
	}{
		{"now", now},
		{" now ", now},
		{"today", day(2026, 3, 1, 0, 0, 0, 0)},
		{"yesterday", day(2026, 2, 28, 0, 0, 0, 0)},
		{"tomorrow", day(2026, 3, 2, 0, 0, 0, 0)},
		{"2026-03-01T12:00:00Z", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		{"2026-03-01T12:00:00.25+01:00", time.Date(2026, 3, 1, 11, 0, 0, 250e6, time.UTC)},
		{"2026-03-01T12:00Z", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		{"2026-03-01 12:00:00Z", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		{"2026-03-01 12:00:05.125", day(2026, 3, 1, 12, 0, 5, 125e6)},
		{"2026-03-01T12:00:05", day(2026, 3, 1, 12, 0, 5, 0)},
		{"2026-03-01 12:00", day(2026, 3, 1, 12, 0, 0, 0)},
		{"2026-02-03", day(2026, 2, 3, 0, 0, 0, 0)},
		{"07:15", day(2026, 3, 1, 7, 15, 0, 0)},
		{"07:15:09.5", day(2026, 3, 1, 7, 15, 9, 500e6)},
		{"@1767225600", time.Unix(1767225600, 0)},
		{"@1767225600.000000001", time.Unix(1767225600, 1)},
		{"@1767225600.25", time.Unix(1767225600, 250e6)},
		{"10m", now.Add(-10 * time.Minute)},
		{"-1h", now.Add(-time.Hour)},
		{"1h30m", now.Add(-90 * time.Minute)},
		{"2d", now.Add(-48 * time.Hour)},
		{"1w", now.Add(-7 * 24 * time.Hour)},
		{"250ms", now.Add(-250 * time.Millisecond)},
		{"+10m", now.Add(10 * time.Minute)},
		{"0s", now},
	} {
		got, err := Parse(c.in, now)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
		} else if !got.Equal(c.want) {
			t.Errorf("%q: got %v, want %v", c.in, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "soon", "10", "m", "10x", "1.5h", "--1h", "+-1h", "+", "-", "1h m",
		"2026-13-01", "2026-02-30", "25:00", "12:60", "2026-03-01T12:00:00 Z",
		"@", "@x", "@-1", "@1.0000000001", "@1e9", "@99999999999999999999", "99999999999999w", "9223372036854775807h",
	} {
		if got, err := Parse(in, now); !errors.Is(err, ErrTime) {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"now", "10m", "-1h", "2026-03-01T12:00:00Z", "@1.5", "1w2d", "07:15"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := Parse(s, now)
		if err != nil {
			if !errors.Is(err, ErrTime) || !at.IsZero() {
				t.Fatalf("%q: %v, %v", s, at, err)
			}
			return
		}
		again, err := Parse(at.Format(time.RFC3339Nano), now)
		if y := at.Year(); 0 <= y && y <= 9999 && (err != nil || !again.Equal(at)) {
			t.Fatalf("%q gives %v, which is read as %v, %v", s, at, again, err)
		}
	})
}
