// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A clock tells CLOCK_BOOTTIME without a system call: Go reads the monotonic clock
// in user space, and the two differ by the time that the machine was suspended,
// which is looked up now and then.
type clock struct {
	origin time.Time
	offset atomic.Int64 // boottime of origin, ns
	looked atomic.Int64 // ns since origin
}

// lookEvery is for how long after a resume times may be too early.
const lookEvery = int64(time.Second)

func newClock() *clock {
	c := &clock{origin: time.Now()}
	c.look(0)
	return c
}

func (c *clock) look(now int64) {
	var ts unix.Timespec
	// It cannot fail: the clock exists since Linux 2.6.39.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	// Both clocks run at one rate. Reading one after the other makes the
	// difference too small, never too large: keep the largest, so that time does
	// not go back.
	offset := ts.Nano() - int64(time.Since(c.origin))
	if offset > c.offset.Load() {
		c.offset.Store(offset)
	}
	c.looked.Store(now)
}

// now is CLOCK_BOOTTIME in ns.
func (c *clock) now() int64 {
	since := int64(time.Since(c.origin))
	if since-c.looked.Load() > lookEvery {
		c.look(since)
	}
	return since + c.offset.Load()
}
