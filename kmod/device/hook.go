// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Hooks returns where the module looks, and where it was to look and cannot.
func (d *Device) Hooks() ([]uapi.Hook, error) {
	var all []uapi.Hook
	for i := uint32(0); ; i++ {
		v := devHook{Index: i}
		_, err := d.ioctl(iocHook, unsafe.Pointer(&v))
		if err == unix.ENOENT {
			return all, nil
		}
		if err != nil {
			return nil, explain("asking for the module's hooks", err)
		}
		all = append(all, uapi.Hook{
			Name:      unix.ByteSliceToString(v.Name[:]),
			Operation: unix.ByteSliceToString(v.Operation[:]),
			Placed:    v.Placed != 0,
			Why:       unix.ByteSliceToString(v.Why[:]),
			Missed:    v.Missed,
		})
	}
}

// Unplaced says of each hook that could not be placed what is not seen.
func Unplaced(hooks []uapi.Hook) []string {
	var out []string
	for _, h := range hooks {
		if !h.Placed {
			out = append(out, fmt.Sprintf("%s: %s could not be hooked: %s", h.Operation, h.Name, h.Why))
		}
	}
	return out
}
