// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"errors"
	"fmt"
	"os"
)

var (
	// ErrCorrupt is wrapped by a CorruptError: the shared memory holds a value
	// that no working producer writes. Ring.Resync skips what can't be read.
	ErrCorrupt = errors.New("ring: corrupt")

	// ErrClosed is what a closed Ring or Reader returns. It is an os.ErrClosed.
	ErrClosed = fmt.Errorf("ring: %w", os.ErrClosed)

	// ErrSize says that the size given to Open can't be that of a ring.
	ErrSize = errors.New("ring: impossible size")
)

// CorruptError says which value was impossible. It wraps ErrCorrupt.
type CorruptError struct {
	Position uint64 // of the sample, as counted by the producer
	Producer uint64 // the producer's position
	Length   uint32 // the header's len, with its bits; 0 if the positions are at fault
	Reason   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%v: %s (position %#x, producer at %#x, header %#08x): "+
		"the producer broke the protocol; records up to the producer's position are unreadable, restart the capture if it recurs",
		ErrCorrupt, e.Reason, e.Position, e.Producer, e.Length)
}

func (e *CorruptError) Unwrap() error { return ErrCorrupt }
