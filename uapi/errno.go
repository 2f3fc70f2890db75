// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Errno is a Linux error number, as a failed operation's [IO] bears it negated.
type Errno uint64

// Error numbers that the kernel keeps to itself. A probe sees them where user
// space sees a restarted call or EINTR; include/linux/errno.h.
var kernelErrnos = map[Errno]string{
	512: "ERESTARTSYS",
	513: "ERESTARTNOINTR",
	514: "ERESTARTNOHAND",
	515: "ENOIOCTLCMD",
	516: "ERESTART_RESTARTBLOCK",
	517: "EPROBE_DEFER",
	518: "EOPENSTALE",
	519: "ENOPARAM",
	521: "EBADHANDLE",
	522: "ENOTSYNC",
	523: "EBADCOOKIE",
	524: "ENOTSUPP",
	525: "ETOOSMALL",
	526: "ESERVERFAULT",
	527: "EBADTYPE",
	528: "EJUKEBOX",
	529: "EIOCBQUEUED",
	530: "ERECALLCONFLICT",
	531: "ENOGRACE",
}

// String returns the name that errno.h has for the number, or the number; "OK"
// for 0.
func (e Errno) String() string {
	if e == 0 {
		return "OK"
	}
	if e < 4096 {
		if name := unix.ErrnoName(unix.Errno(e)); name != "" {
			return name
		}
	}
	if name, ok := kernelErrnos[e]; ok {
		return name
	}
	return strconv.FormatUint(uint64(e), 10)
}
