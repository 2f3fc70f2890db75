// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"errors"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// errBusy says that a process would not be looked at.
var errBusy = errors.New("fuse: a process in execve would not be looked at")

// patience is for how long a process may keep its look to itself.
const patience = 100 * time.Millisecond

// guarded looks at what the kernel guards by exec_update_lock of what /proc/PID has:
// stat, environ, ns. A process in execve has that lock while it closes files, and if
// one is of this mount, waits with it for an answer from here. So the look is taken
// aside, and not waited for longer than patience: then the error is errBusy.
func guarded[T any](look func() (T, error)) (T, error) {
	type answer struct {
		seen T
		err  error
	}
	came := make(chan answer, 1)
	go func() {
		seen, err := look()
		came <- answer{seen, err}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-came:
		return a.seen, a.err
	case <-late.C:
		var none T
		return none, errBusy
	}
}

func procFile(pid uint32, file string) string {
	return "/proc/" + strconv.FormatUint(uint64(pid), 10) + "/" + file
}

// inExecve says whether a thread has memory, but no arguments yet.
func inExecve(tid uint32) bool { return head(tid, "statm") > "0" && head(tid, "cmdline") == "" }

// head is the first byte of a file, if there is one.
func head(pid uint32, file string) string {
	fd, err := openat(unix.AT_FDCWD, procFile(pid, file), unix.O_RDONLY, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var buf [1]byte
	n, _ := unix.Read(fd, buf[:])
	return string(buf[:max(n, 0)])
}
