// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

var (
	// ErrRefused: the type or an attribute of a record is the kernel's alone.
	ErrRefused = errors.New("the module refuses the record: only graph, vector, agent, semantic and observability " +
		"records may be emitted, without attributes that the kernel makes, and for one's own agent")
	// ErrRecord: the bytes are no whole record of version 2.
	ErrRecord = errors.New("the module refuses what is no well-formed record")
	// ErrNoConsumer: nobody records.
	ErrNoConsumer = errors.New("nobody records with the module; start `vexjctl record --producer kmod`")
	// ErrFull: the record did not fit the ring, and is counted as lost.
	ErrFull = errors.New("the module's ring is full: the record is lost and counted")
)

// Write emits records, one behind the other, into the module's order. It returns
// the bytes of those that were taken. The kernel stamps who wrote them, when, and
// their numbers; they are 0 in b.
func (d *Device) Write(b []byte) (int, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.fd < 0 {
		return 0, fmt.Errorf("%s: %w", Path, os.ErrClosed)
	}
	done := 0
	for done < len(b) {
		n, err := unix.Write(d.fd, b[done:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, explainWrite(err)
		}
		done += n
	}
	return done, nil
}

func explainWrite(err error) error {
	for errno, known := range map[error]error{
		unix.EPERM: ErrRefused, unix.EINVAL: ErrRecord, unix.EMSGSIZE: ErrRecord,
		unix.ENOTCONN: ErrNoConsumer, unix.ENOBUFS: ErrFull,
	} {
		if err == errno {
			return fmt.Errorf("%w (%w)", known, err)
		}
	}
	return fmt.Errorf("emitting a record (%s): %w", Path, err)
}
