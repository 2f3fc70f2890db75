// SPDX-License-Identifier: Apache-2.0

package query

import (
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// Journal is what is asked of a journal; [userjournal.Reader] is one.
type Journal interface {
	Scan(opt userjournal.ScanOptions, fn func(ordinal uint64, rec uapi.Record) error) error
	WallTime(ordinal, ktime uint64) time.Time
}
