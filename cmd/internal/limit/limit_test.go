// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "1": 1, "3k": 3 << 10, "500M": 500 << 20, "10G": 10 << 30, "8388607T": 8388607 << 40} {
		if got, err := Size("--x", text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "G", "-1", "1.5G", "10 G", "8388608T", "9223372036854775808", "1KB"} {
		if got, err := Size("--x", text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "36h": 36 * time.Hour, "30d": 720 * time.Hour, "1h30m": 90 * time.Minute} {
		if got, err := Age("--x", text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "0d", "-1h", "d", "99999d", "yesterday", "30"} {
		if got, err := Age("--x", text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
