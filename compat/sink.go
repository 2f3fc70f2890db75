// SPDX-License-Identifier: Apache-2.0

package compat

import "vexj/uapi"

// Origin is what the clock of records counts from. A journal of version 2 has
// one in the header of each segment.
type Origin struct {
	Boot       [16]byte // which boot ktime counts from; zero: unknown
	WallOffset int64    // ns to add to ktime for the time since 1970
}

// A Sink takes what a conversion makes. A record is its caller's again when
// Append returns.
type Sink interface {
	// Origin says what the clock of the records that follow counts from.
	Origin(Origin) error
	Append(uapi.Record) error
}
