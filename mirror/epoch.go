// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"

	"vexj/uapi"
	"vexj/userjournal"
)

// An epoch is what a journal has of one run, from its PRODUCER_START on.
type epoch struct {
	open   bool   // there is no PRODUCER_STOP
	id     uint64 // highest event_id
	global uint64 // highest global_sequence
}

// endPrevious writes a LOST record for the previous run if it was killed.
func (m *Mirror) endPrevious() {
	if m.Journal == "" {
		return
	}
	e, err := lastEpoch(m.Journal)
	if err != nil || e.open {
		m.Notify(Notice{Kind: NoticeUnclean, Err: err})
	}
	if e.open {
		m.out.unclean(e)
	}
}

// lastEpoch finds the last run in the journal. With an error it returns what it
// found before.
func lastEpoch(dir string) (epoch, error) {
	r, err := userjournal.Open(dir)
	if errors.Is(err, userjournal.ErrEmpty) {
		return epoch{}, nil
	}
	if err != nil {
		return epoch{}, fmt.Errorf("mirror: look for the end of the previous run: %w", err)
	}
	defer r.Close()
	var e epoch
	err = r.Scan(userjournal.ScanOptions{Reverse: true, Filter: e.skim}, e.read)
	if err != nil {
		err = fmt.Errorf("mirror: look for the end of the previous run: %w", err)
	}
	return e, err
}

// skim lets blocks be read that may have the start or the end of a run, and
// takes from the others what is needed.
func (e *epoch) skim(z *userjournal.ZoneMap) bool {
	if z.MayHaveType(uapi.SysProducerStart) || z.MayHaveType(uapi.SysProducerStop) {
		return true
	}
	e.note(z.MaxID, z.MaxSequence)
	return false
}

func (e *epoch) read(_ uint64, r uapi.Record) error {
	if r.Type() == uapi.SysProducerStop {
		return userjournal.ErrStop
	}
	e.note(r.EventID(), r.GlobalSequence())
	if r.Type() == uapi.SysProducerStart {
		return userjournal.ErrStop
	}
	return nil
}

// note takes in a record that has no PRODUCER_STOP behind it.
func (e *epoch) note(id, global uint64) {
	e.open = true
	e.id, e.global = max(e.id, id), max(e.global, global)
}
