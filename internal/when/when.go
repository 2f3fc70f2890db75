// SPDX-License-Identifier: Apache-2.0

package when

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrTime is wrapped by every error of this package.
var ErrTime = errors.New("not a point in time; write it like 2026-03-01T12:00:00Z, \"2026-03-01 12:00\", 12:00, today, 10m or -1h")

var dated = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04Z07:00",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02",
}

var clocks = []string{"15:04:05", "15:04"}

// Parse reads s as a point in time relative to now, whose location is the one
// that times without a zone are meant in.
func Parse(s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if t, ok := named(s, now); ok {
		return t, nil
	}
	for _, layout := range dated {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range clocks {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location()), nil
		}
	}
	if t, ok := epoch(s); ok {
		return t, nil
	}
	if d, ok := span(strings.TrimLeft(s, "+-")); ok && len(s)-len(strings.TrimLeft(s, "+-")) <= 1 {
		if s[0] == '+' {
			return now.Add(d), nil
		}
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q: %w", s, ErrTime)
}

func named(s string, now time.Time) (time.Time, bool) {
	y, m, d := now.Date()
	switch s {
	case "now":
		return now, true
	case "yesterday":
		d--
	case "today":
	case "tomorrow":
		d++
	default:
		return time.Time{}, false
	}
	return time.Date(y, m, d, 0, 0, 0, 0, now.Location()), true
}

// epoch does not go through a float64: it has no room for nanoseconds.
func epoch(s string) (time.Time, bool) {
	s, ok := strings.CutPrefix(s, "@")
	if !ok {
		return time.Time{}, false
	}
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseUint(whole, 10, 62)
	if err != nil || sec > math.MaxInt64/uint64(time.Second) || len(frac) > 9 {
		return time.Time{}, false
	}
	var ns uint64
	if frac != "" {
		if ns, err = strconv.ParseUint(frac+"000000000"[len(frac):], 10, 32); err != nil {
			return time.Time{}, false
		}
	}
	return time.Unix(int64(sec), int64(ns)), true
}

var units = []struct {
	name string
	unit time.Duration
}{
	{"ns", time.Nanosecond}, {"us", time.Microsecond}, {"µs", time.Microsecond}, {"ms", time.Millisecond},
	{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}, {"w", 7 * 24 * time.Hour},
}

// span is time.ParseDuration with days and weeks and without fractions.
func span(s string) (time.Duration, bool) {
	var total time.Duration
	if s == "" {
		return 0, false
	}
	for s != "" {
		digits := 0
		for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
			digits++
		}
		letters := digits
		for letters < len(s) && (s[letters] < '0' || s[letters] > '9') {
			letters++
		}
		n, err := strconv.ParseInt(s[:digits], 10, 64)
		unit := unitNamed(s[digits:letters])
		if err != nil || unit == 0 || n > int64(math.MaxInt64-total)/int64(unit) {
			return 0, false
		}
		total += time.Duration(n) * unit
		s = s[letters:]
	}
	return total, true
}

func unitNamed(s string) time.Duration {
	for _, u := range units {
		if u.name == s {
			return u.unit
		}
	}
	return 0
}
