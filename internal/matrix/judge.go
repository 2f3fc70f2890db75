// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"vexj/internal/conformance"
)

// judge returns the outcomes of one row under each producer, and whether what
// they recorded agrees.
func judge(names []string, fs string, rs []conformance.Result) []outcome {
	var out []outcome
	first := -1 // that passed
	for i := range rs {
		r := &rs[i]
		o := outcome{Producer: names[i], Filesystem: fs, Row: r.Scenario.Name}
		o.Verdict, o.Why = verdict(r)
		if r.Status == conformance.Pass {
			if first < 0 {
				first = i
			} else if diff := differ(&rs[first], r); diff != "" {
				o.Verdict, o.Why = failed, fmt.Sprintf("what %s (-) and %s (+) recorded differs\n%s", names[first], names[i], diff)
			}
		}
		out = append(out, o)
	}
	return out
}

func verdict(r *conformance.Result) (string, string) {
	switch r.Status {
	case conformance.Pass:
		return pass, ""
	case conformance.Hole:
		return hole, r.Err.Error()
	case conformance.Skip:
		return skip, r.Err.Error()
	}
	return failed, fmt.Sprintf("%v: %v", r.Status, r.Err)
}

// differ tells where two producers' records of one row differ, "" if nowhere.
// Of concurrent actors the order is each producer's own.
func differ(a, b *conformance.Result) string {
	one, other := conformance.Normalise(a.Got, a.Base), conformance.Normalise(b.Got, b.Base)
	if a.Scenario.Unordered || slices.Equal(one, other) {
		return ""
	}
	var out strings.Builder
	for i := range max(len(one), len(other)) {
		switch {
		case i >= len(one):
			fmt.Fprintf(&out, "+ %s\n", other[i])
		case i >= len(other):
			fmt.Fprintf(&out, "- %s\n", one[i])
		case one[i] != other[i]:
			fmt.Fprintf(&out, "- %s\n+ %s\n", one[i], other[i])
		}
	}
	return out.String()
}
