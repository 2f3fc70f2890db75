// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// tailBytes is what the last records may take in memory; more of them are read
// twice instead.
const tailBytes = 8 << 20

// selection is the part of a journal that is to be shown.
type selection struct {
	set     *userjournal.Set
	journal query.Journal
	filter  *query.Filter
	damage  func(*userjournal.DamageError) error
}

type visit func(ordinal uint64, rec uapi.Record) error

// between is the same of a part of the journal.
func (s *selection) between(after, upto userjournal.Position) *selection {
	part := *s
	part.journal = s.set.Between(after, upto)
	return &part
}

// scan calls fn for what matches, up to most records if most is not negative.
func (s *selection) scan(o userjournal.ScanOptions, most int, fn visit) error {
	if most == 0 {
		return nil
	}
	o.OnDamage = s.damage
	return s.filter.Scan(s.journal, o, func(ordinal uint64, rec uapi.Record) error {
		if err := fn(ordinal, rec); err != nil {
			return err
		}
		if most--; most == 0 {
			return userjournal.ErrStop
		}
		return nil
	})
}

// tail calls fn for the last n records that match, the oldest first. It looks
// for them from the end, so that it takes no longer on a longer journal.
func (s *selection) tail(upto userjournal.Position, n int, fn visit) error {
	type kept struct {
		ordinal uint64
		rec     uapi.Record
	}
	var last []kept
	size, count := 0, 0
	// What is behind it in each shard was seen.
	first := slices.Clone(upto)
	err := s.between(nil, upto).scan(userjournal.ScanOptions{Reverse: true}, n, func(ordinal uint64, rec uapi.Record) error {
		i, own := userjournal.ParseShardOrdinal(len(first), ordinal)
		first[i] = own - 1
		count++
		if size += len(rec); size <= tailBytes {
			last = append(last, kept{ordinal, slices.Clone(rec)})
		} else {
			last = nil
		}
		return nil
	})
	if err != nil || count == 0 {
		return err
	}
	if size > tailBytes {
		// What is damaged has been told.
		again := s.between(first, upto)
		again.damage = func(*userjournal.DamageError) error { return nil }
		return again.scan(userjournal.ScanOptions{}, -1, fn)
	}
	for _, k := range slices.Backward(last) {
		if err := fn(k.ordinal, k.rec); err != nil {
			return err
		}
	}
	return nil
}
