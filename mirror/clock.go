// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// readClock reads both clocks, one right after the other. The boot id stays
// zero on a kernel that does not tell it.
func readClock() (uapi.Clock, error) {
	var boot, real unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		return uapi.Clock{}, fmt.Errorf("mirror: read CLOCK_BOOTTIME: %w", err)
	}
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &real); err != nil {
		return uapi.Clock{}, fmt.Errorf("mirror: read CLOCK_REALTIME: %w", err)
	}
	clock := uapi.Clock{Boottime: uint64(boot.Nano()), Realtime: uint64(real.Nano())}
	if text, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		if id, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", "")); err == nil {
			copy(clock.BootID[:], id)
		}
	}
	return clock, nil
}
