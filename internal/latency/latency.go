// SPDX-License-Identifier: Apache-2.0

package latency

import (
	"math/bits"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Buckets is how many there are. The bounds are 1 µs to 33 s; the last bucket has
// what took longer.
const Buckets = 27

// Bound is the longest time that bucket i, of all but the last, counts.
func Bound(i int) time.Duration { return time.Microsecond << i }

func bucket(d time.Duration) int {
	return min(bits.Len64(uint64(max(d, 1)-1)/uint64(time.Microsecond)), Buckets-1)
}

// Counts is how often something took how long.
type Counts struct {
	In  [Buckets]uint64 // in each bucket
	Sum time.Duration
}

// Add counts one that took so long; below 0 is 0.
func (c *Counts) Add(d time.Duration) { c.AddAll(d, 1) }

// AddAll counts n that took so long each.
func (c *Counts) AddAll(d time.Duration, n int) {
	d = max(d, 0)
	c.In[bucket(d)] += uint64(n)
	c.Sum += d * time.Duration(n)
}

// Join adds what others counted.
func (c *Counts) Join(o *Counts) {
	for i, n := range o.In {
		c.In[i] += n
	}
	c.Sum += o.Sum
}

// Total is how many were counted.
func (c *Counts) Total() (n uint64) {
	for _, in := range c.In {
		n += in
	}
	return n
}

// A Histogram is Counts for any goroutine.
type Histogram struct {
	in  [Buckets]atomic.Uint64
	sum atomic.Int64
}

// Add is [Counts.Add].
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.in[bucket(d)].Add(1)
	h.sum.Add(int64(d))
}

// Counts are those so far. One that is added meanwhile may be in the sum alone.
func (h *Histogram) Counts() (c Counts) {
	for i := range h.in {
		c.In[i] = h.in[i].Load()
	}
	c.Sum = time.Duration(h.sum.Load())
	return c
}

// Now is the clock of ktime, CLOCK_BOOTTIME, in nanoseconds.
func Now() uint64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0 // no Linux since 2.6.39
	}
	return uint64(t.Nano())
}

// Since is how long ago the ktime was, at now.
func Since(ktime, now uint64) time.Duration { return time.Duration(now - ktime) }
