// SPDX-License-Identifier: Apache-2.0

package hnsw

import "golang.org/x/sys/unix"

func boottime() int64 {
	var ts unix.Timespec
	// It cannot fail: the clock exists since Linux 2.6.39.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return ts.Nano()
}
