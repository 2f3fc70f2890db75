// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Peek returns the last records that are still in a CPU's ring, read or not, the
// oldest first: as many of them as are whole and fit size bytes. It takes none
// from the ring.
func (d *Device) Peek(cpu, size int) ([]uapi.Record, error) {
	buffer := make([]byte, max(size, uapi.HeaderSize))
	v := devPeek{CPU: uint32(cpu), Buffer: uint64(uintptr(unsafe.Pointer(&buffer[0]))), Size: uint64(len(buffer))}
	_, err := d.ioctl(iocPeek, unsafe.Pointer(&v))
	runtime.KeepAlive(buffer)
	if err == unix.ENOTCONN || err == unix.ENOENT {
		return nil, nil // there was no run yet
	}
	if err != nil {
		return nil, explain(fmt.Sprintf("looking into the ring of CPU %d", cpu), err)
	}
	return split(buffer[:min(v.Size, uint64(len(buffer)))])
}

// split cuts records apart that stand one behind the other.
func split(b []byte) ([]uapi.Record, error) {
	var all []uapi.Record
	for len(b) > 0 {
		if len(b) < uapi.HeaderSize {
			return nil, fmt.Errorf("the module returned %d bytes that are no record: %w", len(b), ErrVersion)
		}
		n := uint64(uapi.Record(b[:uapi.HeaderSize]).Size())
		if n < uapi.HeaderSize || n > uint64(len(b)) {
			return nil, fmt.Errorf("the module returned a record of %d bytes, and %d are left: %w", n, len(b), ErrVersion)
		}
		rec, err := uapi.Check(b[:n])
		if err != nil {
			return nil, fmt.Errorf("the module returned a record that is none: %w", err)
		}
		all = append(all, slices.Clone(rec))
		b = b[n:]
	}
	return all, nil
}
