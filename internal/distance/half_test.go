// SPDX-License-Identifier: Apache-2.0

package distance

import (
	"math"
	"testing"
)

func TestHalfRoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		f := Half(uint16(h))
		if math.IsNaN(float64(f)) {
			if got := ToHalf(f); !math.IsNaN(float64(Half(got))) {
				t.Fatalf("%#x is NaN and came back as %#x", h, got)
			}
			continue
		}
		if got := ToHalf(f); got != uint16(h) {
			t.Fatalf("%#x is %v and came back as %#x", h, f, got)
		}
	}
}

func TestToHalf(t *testing.T) {
	for _, c := range []struct {
		f    float32
		want uint16
	}{
		{1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {65519.99, 0x7bff}, {65520, 0x7c00}, {1e30, 0x7c00}, {-1e30, 0xfc00},
		{1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}, {0x1p-24, 1}, {0x1p-25, 0}, {0x1.8p-25, 1}, {0x1p-14, 0x0400}, {0x1.ff8p-15, 0x03ff}, {0, 0},
	} {
		if got := ToHalf(c.f); got != c.want {
			t.Errorf("%v is %#x, want %#x", c.f, got, c.want)
		}
	}
}
