// SPDX-License-Identifier: Apache-2.0

package held

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Exit codes of a command that could not be run, as shells have them.
const (
	ExitNotRunnable = 126
	ExitNotFound    = 127
)

// Child must be the first call of main: it returns at once unless this process
// is the waiting child of Start, in which case it never returns.
func Child() {
	if len(os.Args) < 6 || os.Args[1] != argMark {
		return
	}
	readyFD, err := strconv.Atoi(os.Args[2])
	gateFD, err2 := strconv.Atoi(os.Args[3])
	if err != nil || err2 != nil {
		os.Exit(ExitNotRunnable)
	}
	unix.CloseOnExec(readyFD)
	unix.CloseOnExec(gateFD)
	path, argv, env := os.Args[4], os.Args[5:], os.Environ()
	folder, lost := os.Getwd()
	// Blocking descriptors and bare system calls: the runtime's poller would
	// add calls of its own between the release and the execve.
	if err := unix.SetNonblock(gateFD, false); err != nil {
		os.Exit(ExitNotRunnable)
	}
	one := []byte{1}
	if _, err := syscall.Write(readyFD, one); err != nil {
		os.Exit(ExitNotRunnable)
	}
	for {
		n, err := syscall.Read(gateFD, one)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			os.Exit(ExitNotRunnable)
		}
		break
	}
	if one[0] == enter && lost == nil {
		_ = syscall.Chdir(folder) // else it stays where it is
	}
	err = syscall.Exec(path, argv, env)
	fmt.Fprintf(os.Stderr, "vexjctl: cannot run %s: %v\n", path, err)
	if err == syscall.ENOENT {
		os.Exit(ExitNotFound)
	}
	os.Exit(ExitNotRunnable)
}
