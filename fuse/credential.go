// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// What the kernel leaves to this process are questions of ownership alone: it
// checks permissions itself (default_permissions), with all of the caller's
// groups, capabilities and the ACLs. So a file is made with the caller's fsuid and
// fsgid, but never refused for them: the thread keeps its capabilities when it
// changes them, by SECBIT_NO_SETUID_FIXUP.

const secbitNoSetuidFixup = 1 << 2

// as runs f with the caller's fsuid and fsgid. A mount that is not root's serves
// one user, its own.
func (fs *FS) as(c *fuse.Caller, f func()) {
	if !fs.privileged || c.Uid == 0 && c.Gid == 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// All of it is the thread's own, and root can. What the thread forks later must
	// lose its capabilities with its ids, so the bit goes too.
	secure(secbitNoSetuidFixup)
	setfs(c.Uid, c.Gid)
	defer func() {
		setfs(0, 0)
		secure(0)
	}()
	f()
}

func secure(bits uintptr) {
	_, _, _ = syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, bits, 0)
}

func setfs(uid, gid uint32) {
	// They return the previous ids and no error. The group first: afterwards the
	// thread may not.
	_, _, _ = syscall.RawSyscall(unix.SYS_SETFSGID, uintptr(gid), 0, 0)
	_, _, _ = syscall.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0)
}
