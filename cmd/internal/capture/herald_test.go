// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vexj/mirror"
	"vexj/uapi"
)

func TestHeraldAddsUp(t *testing.T) {
	var told []string
	h := newHerald(func(s string) { told = append(told, strings.SplitN(s, ";", 2)[0]) })
	clock := time.Unix(1000, 0)
	h.now = func() time.Time { return clock }
	lost := func(n uint64, c uapi.Cause) mirror.Notice {
		return mirror.Notice{Kind: mirror.NoticeLost, Count: n, Cause: c}
	}
	behind := mirror.Notice{Kind: mirror.NoticeBehind, Count: 80}
	caughtUp := mirror.Notice{Kind: mirror.NoticeCaughtUp}
	slow := "the journal is slower than the records come: ring 0 is 80% full, and what comes when it is full is lost"
	fast := "the journal has caught up with the rings"

	for _, step := range []struct {
		after time.Duration
		n     mirror.Notice
		want  []string
	}{
		{0, caughtUp, nil}, // nobody was told that it was behind
		{0, behind, []string{slow}},
		{0, lost(5, uapi.LostFull), []string{"5 records lost (full)"}},
		{0, lost(1, uapi.LostNested), []string{"1 records lost (nested)"}},
		{time.Second, caughtUp, []string{fast}},
		{time.Second, behind, nil},
		{time.Second, lost(7, uapi.LostFull), nil},
		{time.Second, caughtUp, nil},
		{time.Second, lost(8, uapi.LostFull), nil},
		{heraldEvery, lost(10, uapi.LostFull), []string{"25 records lost (full)"}},
		{0, behind, []string{slow}},
		{0, lost(2, uapi.LostFull), nil},
	} {
		told = nil
		clock = clock.Add(step.after)
		h.notice(step.n)
		if !slices.Equal(told, step.want) {
			t.Errorf("%v: told %q, want %q", step.n, told, step.want)
		}
	}
	told = nil
	h.flush()
	h.flush()
	if !slices.Equal(told, []string{"2 records lost (full)"}) {
		t.Errorf("at the end: told %q", told)
	}
}
