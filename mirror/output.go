// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"
	"hash"
	"slices"

	"vexj/internal/latency"
	"vexj/uapi"
)

// A Journal is what a userjournal.Writer or SetWriter is to the mirror. Its
// methods are called for batches and for the mirror's own records.
type Journal interface {
	Append(record []byte) (ordinal uint64, err error)
	AppendBatch(records [][]byte) (first uint64, err error)
	Sync() error
}

// An output is the journal's end of the mirror. Its first error stays, and
// makes all that follows do nothing: what was read from the rings after it
// would have no place to go.
type output struct {
	w      Journal
	digest hash.Hash
	notify func(Notice)
	build  *uapi.Builder

	ktime     uint64 // of the last record, for one that stands for lost ones
	journaled uint64 // records from the rings
	bytes     uint64
	lostTold  uint64 // LOST records
	refused   uint64 // records that were not journaled, for err
	types     [uapi.TypeSlots]uint64
	delay     latency.Counts
	now       uint64 // when the journal took the last of them; 0: see took
	err       error
}

func newOutput(w Journal, o *Options) *output {
	return &output{w: w, digest: o.Digest, notify: o.Notify, build: uapi.NewBuilder(make([]byte, 0, 4096))}
}

// records journals a run of records from the rings.
func (o *output) records(run [][]byte) {
	if len(run) == 0 {
		return
	}
	if o.err == nil {
		if _, err := o.w.AppendBatch(run); err != nil {
			o.fail(err)
		}
	}
	if o.err != nil {
		o.refused += uint64(len(run))
		return
	}
	o.took(run)
	o.journaled += uint64(len(run))
	o.ktime = uapi.Record(run[len(run)-1]).Ktime()
	if o.digest != nil {
		for _, r := range run {
			o.digest.Write(r)
		}
	}
}

// manyTaken is how many records are worth a look at the clock. Fewer than that share
// one with the others of their pass.
const manyTaken = 64

// alike is how many records that follow each other count as made at the same time: far
// less than what a bucket of the delays tells apart lies between them.
const alike = 16

// took counts what the journal has taken.
func (o *output) took(run [][]byte) {
	if o.now == 0 || len(run) >= manyTaken {
		o.now = latency.Now()
	}
	for part := range slices.Chunk(run, alike) {
		for _, r := range part {
			o.bytes += uint64(len(r))
			o.types[uapi.Record(r).Type().Slot()]++
		}
		o.delay.AddAll(latency.Since(uapi.Record(part[0]).Ktime(), o.now), len(part))
	}
}

// record journals one record from a ring.
func (o *output) record(r []byte) {
	one := [1][]byte{r}
	o.records(one[:])
}

// own journals a record that the mirror made.
func (o *output) own(r uapi.Record, err error) {
	if o.err != nil {
		return
	}
	if err == nil {
		_, err = o.w.Append(r)
	}
	if err != nil {
		o.fail(err)
		return
	}
	o.types[r.Type().Slot()]++
}

func (o *output) fail(err error) { o.err = fmt.Errorf("mirror: append to the journal: %w", err) }
