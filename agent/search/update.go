// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"errors"
	"slices"

	"vexj/uapi"
	"vexj/userjournal"
)

// Progress is what an update did.
type Progress struct {
	Records uint64 // that were read
	Taken   int    // documents that are new, or were replaced
}

const (
	// saveEvery is after how many records the place is noted.
	saveEvery = 1 << 17
	// maxTouched bounds the files that one update looks at again.
	maxTouched = 1 << 17
)

// Update takes in what the journal has got since the last one. If the context ends,
// what was taken in is kept.
func (x *Index) Update(ctx context.Context) (p Progress, err error) {
	end, err := x.set.End()
	if err != nil {
		return p, err
	}
	t := &taker{x: x, ctx: ctx}
	touched := map[string]bool{}
	at := slices.Clone(x.at)
	if len(at) == 0 {
		at = make(userjournal.Position, len(end))
	}
	note := func() error {
		if err := t.flush(); err != nil {
			return err
		}
		x.at = slices.Clone(at)
		return x.save()
	}
	err = x.set.Between(x.at, end).Scan(userjournal.ScanOptions{OnDamage: func(*userjournal.DamageError) error { return nil }},
		func(ordinal uint64, rec uapi.Record) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			for _, d := range documents(rec) {
				if err := t.add(d, false); err != nil {
					return err
				}
			}
			if x.options.Files && changesText(rec.Type()) && len(touched) < maxTouched {
				touched[string(rec.Path())] = true
				touched[string(rec.Path2())] = true
			}
			at.Pass(ordinal)
			if p.Records++; p.Records%saveEvery == 0 {
				return note()
			}
			return nil
		})
	if errors.Is(err, userjournal.ErrEmpty) {
		err = nil
	}
	if err == nil {
		err = x.files(t, touched)
	}
	if err == nil && p.Records > 0 {
		at.Join(end) // also what could not be read
		err = note()
	}
	p.Taken = t.taken
	return p, err
}

// changesText: the path of a record of the type may have another text now.
func changesText(t uapi.Type) bool {
	switch t {
	case uapi.FSCreate, uapi.FSDelete, uapi.FSWrite, uapi.FSRename, uapi.FSTruncate, uapi.FSHardlink, uapi.FSMmapWrite:
		return true
	}
	return false
}
