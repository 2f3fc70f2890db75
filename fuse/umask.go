// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// umasks applies the caller's umask, this process having none: not where the directory
// has a default ACL, which then says what a new file's permissions are. The kernel
// leaves that to the filesystem.
type umasks struct {
	none atomic.Bool // the backing filesystem has no ACLs
}

func (u *umasks) apply(dirfd int, mode, umask uint32) uint32 {
	if umask&0o777 == 0 || u.hasDefault(dirfd) {
		return mode
	}
	return mode &^ (umask & 0o777)
}

func (u *umasks) hasDefault(dirfd int) bool {
	if u.none.Load() {
		return false
	}
	n, err := unix.Getxattr(procFD(dirfd), "system.posix_acl_default", nil)
	if err == unix.EOPNOTSUPP {
		u.none.Store(true)
	}
	return err == nil && n > 0
}

// procFD is a path to what an open descriptor is of, whatever its names.
func procFD(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// linkFD gives what fd is of another name.
func linkFD(fd, dirfd int, name string) error {
	// AT_EMPTY_PATH needs a capability that another way does without.
	err := unix.Linkat(fd, "", dirfd, name, unix.AT_EMPTY_PATH)
	if err == unix.ENOENT || err == unix.EPERM {
		err = unix.Linkat(unix.AT_FDCWD, procFD(fd), dirfd, name, unix.AT_SYMLINK_FOLLOW)
	}
	return err
}
