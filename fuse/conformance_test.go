// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"os"
	"strings"
	"testing"

	"vexj/internal/conformance"
	"vexj/uapi"
)

// A mount makes exactly the records of the conformance table, but for what it says
// it does not see, and says in each for whom it was made. ROW picks rows.
func TestConformance(t *testing.T) {
	tapped, p, m := newTap(t, MountOptions{})
	tapped.Attribution = &uapi.Context{Agent: "conformance", Session: 7, Parent: 1000, Root: 900, Visibility: 6}
	row := os.Getenv("ROW")
	needed := map[string]bool{}
	for _, r := range conformance.Run(tapped, m.Target, row) {
		if r.Status == conformance.Hole {
			needed[r.Scenario.Name] = true
			for _, kind := range r.Scenario.Kinds {
				needed[kind] = true
			}
		}
		t.Run(r.Scenario.Name, func(t *testing.T) {
			switch r.Status {
			case conformance.Fail, conformance.Broken:
				t.Error(r.Err)
			default:
				if r.Err != nil {
					t.Logf("%v: %v", r.Status, r.Err)
				}
			}
		})
	}
	for _, h := range p.HoleRows() {
		if row == "" && !needed[h] && !strings.HasPrefix(h, "field:") {
			t.Errorf("%q is no hole: no row differs for it", h)
		}
	}
	if p.Counters().Attempted == 0 {
		t.Error("nothing was recorded")
	}
	if err := tapped.Lost(); err != nil {
		t.Error(err)
	}
}
