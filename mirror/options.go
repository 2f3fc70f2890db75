// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"hash"
	"time"

	"vexj/uapi"
)

// Options of a Mirror. The zero value is sound.
type Options struct {
	// Journal is the directory of the journal that is written to. Run looks there whether
	// the run before it ended; empty, it does not.
	Journal string

	// Latency is how long a record may stay in a ring whose producer sees no
	// reason to wake the mirror. Default 50 ms.
	Latency time.Duration

	// Grace is how long a number may be missing, with no counter of the
	// producer to say that it was lost, before it is called lost. Default 1 s.
	Grace time.Duration

	// Window is how long losses are gathered into one LOST record where few
	// records come between them. Default 50 ms.
	Window time.Duration

	// Hold bounds the bytes of records that wait outside the rings for a lower
	// number. When they are full, order gives way: see the package
	// documentation. Default 8 MiB.
	Hold int

	// Digest is fed every record that came from a ring or Emit and was journaled, as
	// it stood there and in the order of the journal, so that the same can be
	// computed from the journal and compared. Default none.
	Digest hash.Hash

	// Notify is told what the owner of the machine should know. It is called
	// from the goroutine of Run, which it must not hold up. Default none.
	Notify func(Notice)
}

// Hold must take a few of the largest records, or a gap would end the order
// at once.
const minHold = 4 * uapi.MaxRecord

func (o *Options) setDefaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Latency, 50*time.Millisecond)
	def(&o.Grace, time.Second)
	def(&o.Window, 50*time.Millisecond)
	if o.Hold <= 0 {
		o.Hold = 8 << 20
	}
	o.Hold = max(o.Hold, minHold)
	if o.Notify == nil {
		o.Notify = func(Notice) {}
	}
}
