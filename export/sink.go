// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"

	"vexj/internal/render"
	"vexj/userjournal"
)

// A Sink takes records and brings them somewhere.
type Sink interface {
	// Add takes one more record into the part. It keeps nothing of the entry.
	Add(e render.Entry) error
	// Full reports whether the part is to be committed now.
	Full() bool
	// Commit returns when all that was added is safe with the target, and the next
	// part begins. The part is of what lies between two positions, the first of
	// which is before the first record that was added. If there is none in the
	// part, Commit may keep upto, or do nothing.
	Commit(ctx context.Context, first, upto userjournal.Position) error
	// Close gives up what was not committed.
	Close() error
}
