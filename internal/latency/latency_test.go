// SPDX-License-Identifier: Apache-2.0

package latency

import (
	"math"
	"testing"
	"time"
)

func TestBounds(t *testing.T) {
	for i := range Buckets {
		for _, c := range []struct {
			d    time.Duration
			want int
		}{{Bound(i), i}, {Bound(i) + 1, i + 1}, {Bound(i) - 1, i}} {
			if i == Buckets-1 {
				c.want = i // without a bound
			}
			if got := bucket(c.d); got != min(c.want, Buckets-1) {
				t.Errorf("%v is in bucket %d, not %d", c.d, got, c.want)
			}
		}
	}
	if bucket(math.MaxInt64) != Buckets-1 {
		t.Error("what takes for ever is in no bucket")
	}
}

func TestCounts(t *testing.T) {
	var c, sum, three Counts
	var h Histogram
	for _, d := range []time.Duration{-time.Second, 0, time.Microsecond, 3 * time.Microsecond, time.Hour} {
		c.Add(d)
		h.Add(d)
		three.AddAll(d, 3)
	}
	sum.Join(&c)
	sum.Join(&c)
	sum.Join(&c)
	if three != sum {
		t.Errorf("%+v and %+v", three, sum)
	}
	if h.Counts() != c {
		t.Errorf("%+v and %+v", h.Counts(), c)
	}
	if c.In[0] != 3 || c.In[2] != 1 || c.In[Buckets-1] != 1 || c.Sum != time.Hour+4*time.Microsecond {
		t.Errorf("%+v", c)
	}
	if sum.Total() != 15 || sum.Sum != 3*c.Sum {
		t.Errorf("%+v", sum)
	}
}

func TestNow(t *testing.T) {
	before := Now()
	if d := Since(before, Now()); before == 0 || d < 0 || d > time.Minute {
		t.Errorf("%d, and then %v", before, d)
	}
}
