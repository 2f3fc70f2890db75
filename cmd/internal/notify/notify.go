// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// Send sends one message, such as "READY=1", to the service manager. Without
// one ($NOTIFY_SOCKET is not set) it does nothing.
func Send(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	// net.Dial writes a leading @ as the NUL of an abstract address.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("telling the service manager %q: %w", state, err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("telling the service manager %q: %w", state, err)
	}
	return nil
}

// Watchdog is how often WATCHDOG=1 should be sent: half of what the service
// manager waits, and 0 if it does not watch this process.
func Watchdog() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 {
		return 0
	}
	return time.Duration(usec) * time.Microsecond / 2
}
