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
func lastEpoch(dir string) (e epoch, err error) {
	r, err := userjournal.Open(dir)
	if errors.Is(err, userjournal.ErrEmpty) {
		return e, nil
	}
	if err == nil {
		defer r.Close()
		var start uint64
		if start, e.open, err = lastStart(r); e.open && err == nil {
			err = e.measure(r, start)
		}
	}
	if err != nil {
		err = fmt.Errorf("mirror: look for the end of the previous run: %w", err)
	}
	return e, err
}

// skipDamage: what cannot be read is no reason not to record.
func skipDamage(*userjournal.DamageError) error { return nil }

// lastStart returns the ordinal from which records have no PRODUCER_STOP behind
// them, if there are any.
func lastStart(r *userjournal.Reader) (ordinal uint64, open bool, err error) {
	err = r.Scan(userjournal.ScanOptions{
		Reverse:  true,
		OnDamage: skipDamage,
		Filter: func(z *userjournal.ZoneMap) bool {
			return z.MayHaveType(uapi.SysProducerStart) || z.MayHaveType(uapi.SysProducerStop)
		},
	}, func(n uint64, rec uapi.Record) error {
		switch rec.Type() {
		case uapi.SysProducerStart:
			ordinal, open = n, true
			return userjournal.ErrStop
		case uapi.SysProducerStop:
			return userjournal.ErrStop
		}
		return nil
	})
	return ordinal, open, err
}

// measure finds the highest numbers from the ordinal on. Of the blocks after that
// one's, what their headers say is enough.
func (e *epoch) measure(r *userjournal.Reader, start uint64) error {
	var id, global uint64 // Filter's, which runs ahead of the records
	err := r.Scan(userjournal.ScanOptions{
		From:     start,
		OnDamage: skipDamage,
		Filter: func(z *userjournal.ZoneMap) bool {
			if z.First <= start {
				return true
			}
			id, global = max(id, z.MaxID), max(global, z.MaxSequence)
			return false
		},
	}, func(_ uint64, rec uapi.Record) error {
		e.id, e.global = max(e.id, rec.EventID()), max(e.global, rec.GlobalSequence())
		return nil
	})
	e.id, e.global = max(e.id, id), max(e.global, global)
	return err
}
