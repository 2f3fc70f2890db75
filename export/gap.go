// SPDX-License-Identifier: Apache-2.0

package export

import (
	"vexj/internal/render"
	"vexj/uapi"
	"vexj/userjournal"
)

// Gap is a record of a loss that stands for a stretch of the journal which cannot be
// read: of type LOST, by producer journal, first and last being ordinals of the
// journal, or of the shard, and count 0 if it is not known how many they are. Its
// ordinal is the first that is missing. wall is the time of the record before it, in
// ns since 1970, and ktime that record's.
func Gap(b *uapi.Builder, d *userjournal.DamageError, ktime uint64, wall int64) (render.Entry, error) {
	lost := uapi.Lost{First: d.First, Last: d.Last, CPU: uapi.SeveralCPUs}
	if d.Last >= d.First {
		lost.Count = d.Last - d.First + 1
	} else {
		lost.Last = d.First
	}
	id := uint64(uapi.ProducerJournal)<<56 | d.First
	b.Begin(uapi.Header{
		EventID: id, Type: uapi.SysLost, Ktime: ktime, Priority: uapi.PriorityCritical,
		RootCause: id, VisibilityMask: ^uint64(0),
	})
	b.AddLost(lost)
	rec, err := b.Finish()
	return render.Entry{Ordinal: d.First, Wall: wall, Rec: rec}, err
}
