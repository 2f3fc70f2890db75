// SPDX-License-Identifier: Apache-2.0

package glossary

import (
	"cmp"
	"slices"
	"strings"
)

// Lookup returns the entries that a word stands for: by name, by the name in
// expressions, by the last part of a member's name; with the members of what is an
// object. Underscores and hyphens are the same, and so are letters of either case.
func Lookup(name string) (found []Entry) {
	want := plain(name)
	for _, how := range []func(e *Entry) bool{
		func(e *Entry) bool { return plain(e.Name) == want || plain(e.Where) == want && want != "" },
		func(e *Entry) bool { return e.Kind == Field && strings.HasSuffix(plain(e.Name), "."+want) },
		func(e *Entry) bool { return want != "" && e.Option == "--"+strings.TrimLeft(want, "-") },
	} {
		for i := range entries {
			e := &entries[i]
			if how(e) || len(found) > 0 && e.Group() != "" && slices.ContainsFunc(found, func(f Entry) bool { return f.Kind == Field && f.Name == e.Group() }) {
				found = append(found, *e)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func plain(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", "-"))
}

// Names returns all words that Lookup knows by name, each once.
func Names() []string {
	var names []string
	for i := range entries {
		names = append(names, entries[i].Name)
		if entries[i].Where != "" {
			names = append(names, entries[i].Where)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Nearest returns up to most names that somebody may have meant.
func Nearest(name string, most int) []string {
	type guess struct {
		name     string
		distance int
	}
	want := plain(name)
	var all []guess
	for _, n := range Names() {
		d := edits(want, plain(n))
		if _, last, inside := strings.Cut(plain(n), "."); inside {
			d = min(d, edits(want, last)+1)
		}
		if len(want) > 2 && strings.Contains(plain(n), want) {
			d = min(d, 1)
		}
		if d <= 1+len(want)/3 {
			all = append(all, guess{n, d})
		}
	}
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, g := range all[:min(most, len(all))] {
		names = append(names, g.name)
	}
	return names
}

// edits is the number of letters to insert, delete or replace.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
