// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"sync/atomic"
	"time"
)

// A clock tells CLOCK_BOOTTIME without a system call: Go reads the monotonic clock
// in user space, and the two differ by the time that the machine was suspended,
// which is looked up each second.
type clock struct {
	origin time.Time
	offset atomic.Int64 // boottime of origin, ns
	looked atomic.Int64 // ns since origin
}

func (c *clock) init() {
	c.origin = time.Now()
	c.look(0)
}

func (c *clock) look(since int64) {
	// Reading one clock after the other makes the difference too small, never too
	// large: keep the largest, so that time does not go back.
	if offset := boottime() - int64(time.Since(c.origin)); offset > c.offset.Load() {
		c.offset.Store(offset)
	}
	c.looked.Store(since)
}

// now is CLOCK_BOOTTIME in ns.
func (c *clock) now() uint64 {
	since := int64(time.Since(c.origin))
	if since-c.looked.Load() > int64(time.Second) {
		c.look(since)
	}
	return uint64(since + c.offset.Load())
}
