// SPDX-License-Identifier: Apache-2.0

package main

import (
	"vexj/uapi"
	"vexj/userjournal"
)

var (
	usjl     = engine{name: "usjl", note: "delta codec, chain of digests, index", open: openUSJL(userjournal.Options{}), visit: visitUSJL}
	usjlBare = engine{name: "usjl-bare", note: "the same without index",
		open: openUSJL(userjournal.Options{NoIndex: true}), visit: visitUSJL}
	usjlNone = engine{name: "usjl-none", note: "neither compressed nor indexed, chain of digests",
		open: openUSJL(userjournal.Options{Codec: userjournal.CodecNone, NoIndex: true}), visit: visitUSJL}
)

type usjlJournal struct {
	w *userjournal.Writer
	p policy
}

func openUSJL(o userjournal.Options) func(string, policy) (journal, error) {
	return func(dir string, p policy) (journal, error) {
		o.Durability = [...]userjournal.Durability{
			never: userjournal.DurabilityNone, clocked: userjournal.DurabilityInterval,
			eachHundred: userjournal.DurabilityBatch, eachRecord: userjournal.DurabilityRecord}[p]
		if p == clocked {
			o.Interval = interval
		}
		w, err := userjournal.Create(dir, o)
		return usjlJournal{w, p}, err
	}
}

func (j usjlJournal) append(recs [][]byte) error {
	if len(recs) == 1 {
		_, err := j.w.Append(recs[0])
		return err
	}
	_, err := j.w.AppendBatch(recs)
	return err
}

func (j usjlJournal) tick() error { return nil } // it has a clock

func (j usjlJournal) finish() error {
	if j.p == never {
		return j.w.Flush()
	}
	return j.w.Sync()
}

func (j usjlJournal) close() error { return j.w.Close() }

func visitUSJL(dir string, fn func([]byte)) error {
	r, err := userjournal.Open(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		fn(rec)
		return nil
	})
}
