// SPDX-License-Identifier: Apache-2.0

package query

import (
	"context"

	"vexj/uapi"
	"vexj/userjournal"
)

// During is the journal as long as ctx lasts: a scan that is under way when it ends
// ends there, with the error of ctx. What asks on somebody's behalf must not go on
// when nobody listens any more: an expression may take a millisecond for each of ten
// million records.
func During(ctx context.Context, src Source) Source { return &during{src, ctx} }

type during struct {
	Source
	ctx context.Context
}

func (d *during) Scan(opt userjournal.ScanOptions, fn func(ordinal uint64, rec uapi.Record) error) error {
	return d.Source.Scan(opt, func(ordinal uint64, rec uapi.Record) error {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		return fn(ordinal, rec)
	})
}
