// SPDX-License-Identifier: Apache-2.0

package produce

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// A clock tells CLOCK_BOOTTIME without a system call: Go reads the monotonic clock
// in user space, and the two differ by the time that the machine was suspended,
// which is looked up once a second.
type clock struct {
	origin time.Time
	offset atomic.Int64 // boottime of origin, ns
	looked atomic.Int64 // ns since origin
}

const lookEvery = int64(time.Second)

// shared: the records of all runs of a process are on one time line.
var shared = sync.OnceValue(func() *clock {
	c := &clock{origin: time.Now()}
	c.look(0)
	return c
})

func (c *clock) look(now int64) {
	var ts unix.Timespec
	// It cannot fail: the clock exists since Linux 2.6.39.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	// Reading one clock after the other makes the difference too small, never
	// too large: keep the largest, so that time does not go back.
	offset := ts.Nano() - int64(time.Since(c.origin))
	for old := c.offset.Load(); offset > old && !c.offset.CompareAndSwap(old, offset); {
		old = c.offset.Load()
	}
	c.looked.Store(now)
}

func (c *clock) now() uint64 {
	since := int64(time.Since(c.origin))
	if since-c.looked.Load() > lookEvery {
		c.look(since)
	}
	return uint64(since + c.offset.Load())
}

// Now is CLOCK_BOOTTIME in ns, which the ktime of records counts from.
func Now() uint64 { return shared().now() }

// clockAttr says which time of day ktime is, and in which boot.
func clockAttr() uapi.Clock {
	a := uapi.Clock{Boottime: Now(), Realtime: uint64(time.Now().UnixNano())}
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return a
	}
	hex := strings.ReplaceAll(strings.TrimSpace(string(text)), "-", "")
	for i := 0; i+1 < len(hex) && i/2 < len(a.BootID); i += 2 {
		a.BootID[i/2] = nibble(hex[i])<<4 | nibble(hex[i+1])
	}
	return a
}

func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
