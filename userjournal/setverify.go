// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"path/filepath"
)

// VerifyAgainst is [Reader.VerifyAgainst] of each shard: each has a chain and
// signatures of its own, and of the checkpoints those that are of it.
func (s *Set) VerifyAgainst(e Evidence, fn func(Problem)) (VerifyReport, error) {
	if s.alone() {
		return s.shards[0].VerifyAgainst(e, fn)
	}
	sum := VerifyReport{Clean: true}
	of := make(map[[16]byte][]Checkpoint)
	for _, c := range e.Checkpoints {
		of[c.Journal] = append(of[c.Journal], c)
	}
	tell := func(dir string, p Problem) {
		p.Segment = filepath.Join(dir, p.Segment)
		if fn != nil {
			fn(p)
		}
	}
	for i, r := range s.shards {
		report, err := r.VerifyAgainst(Evidence{Key: e.Key, Checkpoints: of[r.journal]},
			func(p Problem) { tell(s.dirs[i], p) })
		if err != nil {
			return sum, err
		}
		delete(of, r.journal)
		sum.add(&report)
	}
	for journal := range of {
		sum.Problems++
		tell(s.dir, Problem{First: 1, Err: fmt.Errorf("a checkpoint is of the journal %x, which is no shard of this set", journal)})
	}
	return sum, nil
}

// add takes in another shard. Ordinals of several have no order, and are left
// out.
func (v *VerifyReport) add(x *VerifyReport) {
	v.Segments += x.Segments
	v.Blocks += x.Blocks
	v.Records += x.Records
	v.RawBytes += x.RawBytes
	v.StoredBytes += x.StoredBytes
	v.Problems += x.Problems
	v.LostRecords += x.LostRecords
	v.Clean = v.Clean && x.Clean
	v.TailBytes += x.TailBytes
	v.Attested.Records += x.Attested.Records
	v.Attested.Signatures += x.Attested.Signatures
	v.Attested.Points += x.Attested.Points
	v.Attested.Unchecked += x.Attested.Unchecked
	for _, step := range x.ClockSteps {
		v.addClockStep(step)
	}
}
