// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// uring asks for io_uring with a call that is wrong on purpose: a kernel that
// has it complains of the argument, and none makes a ring.
func uring(context.Context) Finding {
	_, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 0, 0, 0)
	return judgeUring(errno, setting("/proc/sys/kernel/io_uring_disabled"))
}

func judgeUring(errno unix.Errno, disabled string) Finding {
	f := Finding{Fleeting: true}
	switch errno {
	case unix.EFAULT, unix.EINVAL:
		f.Status = Yes
	case unix.ENOSYS:
		f.Status, f.Why, f.Fleeting = No, "this kernel has no io_uring (CONFIG_IO_URING)", false
	case unix.EPERM:
		f.Why = "this process may not use it"
		if disabled == "2" {
			f.Status, f.Why, f.Do = No, "it is disabled for everybody", "sysctl kernel.io_uring_disabled=0"
			break
		}
		f.Status, f.Do = Unknown, "ask again as root, outside of a container that filters system calls"
	default:
		f.Status, f.Why = Unknown, fmt.Sprintf("io_uring_setup: %v", errno)
	}
	return f
}
