// SPDX-License-Identifier: Apache-2.0

package top

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// first are the n rows that come first.
func first(found map[string]*Row, n int, byBytes bool) []Row {
	rows := make([]Row, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		rows = append(rows, *found[key])
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		if byBytes && a.Bytes != b.Bytes {
			return cmp.Compare(b.Bytes, a.Bytes)
		}
		return cmp.Compare(b.Ops, a.Ops)
	})
	return rows[:min(n, len(rows))]
}

// A Style is how a picture is shown.
type Style struct {
	Width, Height int // 0: as much as it takes
	Color         bool
	Only          int // a table, from 1; 0: all
}

const (
	bold  = "\x1b[1m"
	alarm = "\x1b[1;31m"
	plain = "\x1b[0m"
)

func (s *Style) paint(text, color string) string {
	if !s.Color {
		return text
	}
	return color + text + plain
}

// Lines shows the picture, each line no wider than the style allows.
func (p *Picture) Lines(s Style) []string {
	losses := fmt.Sprintf("lost %d", p.Lost)
	if p.NotSeen > 0 {
		losses += fmt.Sprintf(", not seen %d", p.NotSeen)
	}
	head := fmt.Sprintf("%s records/s  %s/s written  %s failed/s  ", rate(p.Records), size(p.Written), rate(p.Failed))
	if p.Lost > 0 {
		losses = s.paint(losses, alarm)
	}
	lines := []string{cut(head, s.Width-len("lost 0")) + losses}
	all := [tables][]Row{p.Sessions, p.Paths, p.Writers, p.VectorOps}
	shown := 0
	for i := range all {
		if s.Only == 0 || s.Only == i+1 {
			shown++
		}
	}
	for i, rows := range all {
		if s.Only != 0 && s.Only != i+1 {
			continue
		}
		room := len(rows)
		if s.Height > 0 {
			room = min(room, max((s.Height-1)/shown-2, 0))
		}
		lines = append(lines, "", s.paint(cut(fmt.Sprintf("%8s %12s  %s", "ops/s", "bytes/s", titles[i]), s.Width), bold))
		for _, r := range rows[:room] {
			lines = append(lines, cut(fmt.Sprintf("%8s %12s  %s", rate(r.Ops), size(r.Bytes), r.Name), s.Width))
		}
		if len(rows) == 0 {
			lines = append(lines, fmt.Sprintf("%8s", "-"))
		}
	}
	if s.Height > 0 && len(lines) > s.Height {
		lines = lines[:s.Height]
	}
	return lines
}

// Text is the lines as one.
func (p *Picture) Text(s Style) string { return strings.Join(p.Lines(s), "\n") + "\n" }

// cut shortens what is too wide.
func cut(text string, width int) string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	return string(runes[:max(width-1, 0)]) + "…"
}
