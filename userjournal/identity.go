// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// bootID names the time since the kernel started; ktimes of different boots
// cannot be compared. Zero if the kernel does not say.
func bootID() (id [16]byte) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return id
	}
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", ""))
	if err == nil && len(b) == len(id) {
		copy(id[:], b)
	}
	return id
}

func clockNs(clock int32) int64 {
	var ts unix.Timespec
	if unix.ClockGettime(clock, &ts) != nil {
		return 0
	}
	return ts.Nano()
}

// wallOffset is CLOCK_REALTIME minus CLOCK_BOOTTIME, now. Of a few readings the
// one that was interrupted least counts.
func wallOffset() int64 {
	best, offset := int64(1<<62), int64(0)
	for range 5 {
		before := clockNs(unix.CLOCK_BOOTTIME)
		wall := clockNs(unix.CLOCK_REALTIME)
		after := clockNs(unix.CLOCK_BOOTTIME)
		if after-before < best {
			best, offset = after-before, wall-(before+(after-before)/2)
		}
	}
	return offset
}

func newID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// newSalt is what the blocks of one segment have in common and nobody else can
// know beforehand.
func newSalt() uint64 {
	for {
		id := newID()
		if salt := le.Uint64(id[:]); salt != 0 {
			return salt
		}
	}
}
