// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"path/filepath"
	"strings"

	"vexj/uapi"
)

// relevant picks from a capture what counts in row s: see the package's
// documentation.
func (e *Env) relevant(s *Scenario, recs []uapi.Record) ([]uapi.Record, error) {
	recs = append([]uapi.Record(nil), recs...)
	order(recs)
	begin, end := -1, -1
	for i, r := range recs {
		if r.Type() != uapi.FSMkdir || int64(r.PID()) != e.Fact("pid") {
			continue
		}
		switch string(r.Path()) {
		case filepath.Join(e.Base, markBegin):
			begin = i
		case filepath.Join(e.Base, markEnd):
			end = i
		}
	}
	if begin < 0 || end < begin {
		return nil, ErrNoMarker
	}
	family := map[uint32]bool{uint32(e.Fact("pid")): true}
	kernel := map[uint64]bool{} // what the kernel did by itself
	var out []uapi.Record
	for _, r := range recs[begin+1 : end] {
		if !family[r.PID()] {
			continue
		}
		if c, ok := r.Child(); ok && r.Type() == uapi.ProcFork {
			family[c.PID] = true
		}
		if r.Subtype().Via() == uapi.ViaKernel || kernel[r.Parent()] {
			kernel[r.EventID()] = true
			continue
		}
		if e.holds(r.Path()) || e.holds(r.Path2()) || s.Declares != nil && s.Declares(e, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// holds says whether path is under Base, or has lost the part that would tell.
func (e *Env) holds(path []byte) bool {
	rest, ok := strings.CutPrefix(string(path), e.Base)
	return ok && (rest == "" || rest[0] == '/') || strings.HasPrefix(string(path), ".../")
}
