// SPDX-License-Identifier: Apache-2.0

package userjournal

import "sync/atomic"

// A buffer goes from the appending goroutine to the committer and back. The
// appender writes behind committed and never before it, so that the committer
// may take what is committed while the appender goes on.
type buffer struct {
	data []byte
	// seq tells the committer which buffer this is now. It is stored after
	// committed went back to 0, and loaded before committed is.
	seq       atomic.Uint64
	committed atomic.Int64 // bytes of data that are whole records
}
