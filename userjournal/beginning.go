// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"

	"vexj/uapi"
)

// A journal begins with ordinal 1, or with a record in it that tells what was
// taken out before: otherwise whoever takes the oldest segments away would leave
// a journal that looks whole.

var errBeginning = errors.New("missing, and no record in the journal tells that they were removed")

// hear takes in what the records of a verified block tell of removals.
func (v *verifier) hear(blk *block) {
	if !blk.zone.MayHaveType(uapi.SysRemoved) {
		return
	}
	b := &v.buffer
	for ordinal := blk.zone.First; ordinal <= blk.zone.Last; ordinal++ {
		rec := uapi.Record(b.record(ordinal))
		if rec.Type() != uapi.SysRemoved {
			continue
		}
		if a, ok := rec.Removed(); ok && a.First <= a.Last {
			v.told = max(v.told, a.Last)
		}
	}
}

// beginning looks whether what is missing before the oldest segment is told.
func (v *verifier) beginning(oldest *index) error {
	last := oldest.first - 1
	if last <= v.told || v.founded {
		return nil
	}
	err := errBeginning
	m, broken := readRemoval(v.reader.fs, v.reader.dir, v.reader.journal)
	if broken == nil && m.untold.Last >= last {
		// Who is at work tells it within the minute.
		pid, err := WriterPID(v.reader.dir)
		if err != nil || pid != 0 {
			return err
		}
		broken = fmt.Errorf("%s says that they were removed; the next writer will tell", removedName)
	}
	if broken != nil {
		err = fmt.Errorf("%w: %w", err, broken)
	}
	v.name = oldest.name
	v.problem(0, 0, 1, last, err)
	return nil
}
