// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"time"

	"vexj/query"
	"vexj/uapi"
)

// A Timeline counts records by when they were made.
type Timeline struct {
	First   *time.Time `json:"first"` // of the records; null: there are none
	Last    *time.Time `json:"last"`
	Start   *time.Time `json:"start"` // of the first bucket
	Width   int64      `json:"width"` // of a bucket, in ns
	Buckets int        `json:"buckets"`
	Total   Bucket     `json:"total"`
	Rows    []Bucket   `json:"rows"` // the buckets that have any
	Damaged bool       `json:"damaged,omitempty"`
}

// A Bucket is the counts of a stretch of time.
type Bucket struct {
	Index      int               `json:"index"` // of the bucket, from 0
	Records    uint64            `json:"records"`
	Failed     uint64            `json:"failed,omitempty"`
	Changes    uint64            `json:"changes,omitempty"`
	Lost       uint64            `json:"lost,omitempty"` // that LOST records tell of
	Categories map[string]uint64 `json:"categories"`
}

func bucket(i int, b *query.Bucket) Bucket {
	o := Bucket{Index: i, Records: b.Records, Failed: b.Failed, Changes: b.Changes, Lost: b.Lost, Categories: map[string]uint64{}}
	for c := uapi.Category(0x0100); c <= 0x0800; c += 0x0100 {
		if n := b.Of(c); n > 0 {
			o.Categories[c.String()] = n
		}
	}
	return o
}

// Timeline counts what meets the conditions in at most so many buckets.
func (t *Teller) Timeline(c query.Conditions, buckets int) (*Timeline, error) {
	l, err := t.q.Timeline(c, buckets)
	if err != nil {
		return nil, err
	}
	o := &Timeline{First: stamp(l.First), Last: stamp(l.Last), Start: stamp(l.Start), Width: l.Width.Nanoseconds(), Buckets: len(l.Buckets),
		Total: bucket(0, &l.Total), Rows: []Bucket{}, Damaged: t.Damaged()}
	for i := range l.Buckets {
		if b := &l.Buckets[i]; b.Records > 0 {
			o.Rows = append(o.Rows, bucket(i, b))
		}
	}
	return o, nil
}
