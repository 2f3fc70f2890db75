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
	first  uint64 // event_id of its PRODUCER_START, 0 if that is not there
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
	s, err := userjournal.OpenSet(dir)
	if errors.Is(err, userjournal.ErrEmpty) {
		return e, nil
	}
	if err == nil {
		defer s.Close()
		var after userjournal.Position
		if after, err = e.start(s); e.open && err == nil {
			err = e.measure(s.Between(after, nil))
		}
	}
	if err != nil {
		err = fmt.Errorf("mirror: look for the end of the previous run: %w", err)
	}
	return e, err
}

// skipDamage: what cannot be read is no reason not to record.
func skipDamage(*userjournal.DamageError) error { return nil }

// start finds out whether there are records without a PRODUCER_STOP behind them.
// They are behind the position that it returns.
func (e *epoch) start(s *userjournal.Set) (after userjournal.Position, err error) {
	err = s.Scan(userjournal.ScanOptions{
		Reverse:  true,
		OnDamage: skipDamage,
		Filter: func(z *userjournal.ZoneMap) bool {
			return z.MayHaveType(uapi.SysProducerStart) || z.MayHaveType(uapi.SysProducerStop)
		},
	}, func(ordinal uint64, rec uapi.Record) error {
		switch rec.Type() {
		case uapi.SysProducerStart:
			e.open, e.first = true, rec.EventID()
			// In another shard its records may be anywhere.
			if len(s.Shards()) == 1 {
				after = userjournal.Position{ordinal - 1}
			}
			return userjournal.ErrStop
		case uapi.SysProducerStop:
			return userjournal.ErrStop
		}
		return nil
	})
	return after, err
}

// measure finds the highest numbers of the run. Of a block that has only later
// records, and of no other producer, what its header says is enough.
func (e *epoch) measure(s *userjournal.Span) error {
	last := e.first | 1<<56 - 1 // the highest id of the producer
	var id, global uint64       // Filter's, which runs ahead of the records
	err := s.Scan(userjournal.ScanOptions{
		OnDamage: skipDamage,
		Filter: func(z *userjournal.ZoneMap) bool {
			if z.MaxID < e.first {
				return false
			}
			if z.MinID < e.first || z.MaxID > last {
				return true
			}
			id, global = max(id, z.MaxID), max(global, z.MaxSequence)
			return false
		},
	}, func(_ uint64, rec uapi.Record) error {
		if e.first <= rec.EventID() && rec.EventID() <= last {
			e.id, e.global = max(e.id, rec.EventID()), max(e.global, rec.GlobalSequence())
		}
		return nil
	})
	e.id, e.global = max(e.id, id), max(e.global, global)
	return err
}
