// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much garbage there may be before it is collected: what the kernel may know of
// a million files lives long, and is most of the memory, so that collecting at less
// garbage than as much again is cheaper than twice of that. But with few files that
// would be at each buffer of a mebibyte.
const (
	garbagePercent = 20
	garbageBytes   = 32 << 20
)

// paceGC sets that anew after each collection.
func paceGC() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	last := 0
	var collected func(*[16]byte)
	collected = func(*[16]byte) {
		metrics.Read(live)
		percent := garbagePercent + garbageBytes*100/max(int(live[0].Value.Uint64()), 1<<20)
		// To set it stops everything for a moment.
		if percent < last*3/4 || percent > last*5/4 {
			debug.SetGCPercent(percent)
			last = percent
		}
		runtime.SetFinalizer(new([16]byte), collected)
	}
	collected(nil)
}
