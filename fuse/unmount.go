// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNotMounted: there is no mount of this type at the path.
var ErrNotMounted = errors.New("there is no mount of vexj")

// Unmount takes away the mount at target, whoever serves it, or served it. What is
// open in it goes on: busy says that there is something.
func Unmount(target string) (busy bool, err error) {
	abs, err := filepath.Abs(target)
	if err != nil {
		return false, err
	}
	mounted, err := Mounted()
	if err != nil {
		return false, err
	}
	at, ok := mountOf(mounted, abs)
	if !ok {
		return false, fmt.Errorf("%w at %s", ErrNotMounted, target)
	}
	err = unix.Unmount(at, unix.UMOUNT_NOFOLLOW)
	if err == unix.EBUSY {
		busy, err = true, unix.Unmount(at, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	}
	if err == unix.EPERM {
		if err = unmountAsUser(at); err != nil {
			busy, err = true, unmountAsUser(at, "-z")
		}
	}
	if err != nil {
		return busy, fmt.Errorf("unmount %s: %w", target, err)
	}
	return busy, nil
}

// serverName is an attribute of a mount's root, not listed: the number of the process
// that serves it, if that ends with it.
const serverName = "user.vexj.server"

// Server asks the mount at target for the process that ends with it
// ([MountOptions].Ends): a pidfd. It is nil where there is none, or no answer within a
// second. This process must not be the one that serves it.
func Server(target string) *os.File {
	answer := make(chan *os.File, 1)
	go func() {
		var pid [20]byte
		n, err := unix.Getxattr(target, serverName, pid[:])
		if err != nil {
			answer <- nil
			return
		}
		number, _ := strconv.Atoi(string(pid[:n]))
		fd, err := unix.PidfdOpen(number, 0)
		if err != nil {
			answer <- nil
			return
		}
		answer <- os.NewFile(uintptr(fd), "pidfd")
	}()
	select {
	case server := <-answer:
		return server
	case <-time.After(time.Second):
		return nil
	}
}

// mountOf finds target among mounted, also by way of symbolic links above it. The
// last element is not looked at: a dead mount does not let itself be.
func mountOf(mounted []string, target string) (string, bool) {
	real := target
	if dir, err := filepath.EvalSymlinks(filepath.Dir(target)); err == nil {
		real = filepath.Join(dir, filepath.Base(target))
	}
	for _, m := range mounted {
		if m == target || m == real {
			return m, true
		}
	}
	return "", false
}

func unmountAsUser(at string, how ...string) error {
	out, err := exec.Command("fusermount3", slices.Concat([]string{"-u"}, how, []string{"--", at})...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s (%w)", strings.TrimSpace(string(out)), err)
	}
	return nil
}

// Mounted lists the mounts of this type, in the order in which they were made.
func Mounted() ([]string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		// 36 35 98:0 /root /mount/point options - type source super-options
		fields := strings.Fields(line)
		for i := 6; i+1 < len(fields); i++ {
			if fields[i] == "-" && fields[i+1] == Type {
				out = append(out, unescape(fields[4]))
			}
		}
	}
	return out, nil
}

// unescape undoes how mountinfo writes blanks, tabs, newlines and backslashes.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// abort cuts the connection to the kernel: what waits for an answer fails.
func (m *Mount) abort() {
	if m.connection != 0 {
		_ = os.WriteFile(fmt.Sprintf("/sys/fs/fuse/connections/%d/abort", m.connection), []byte("1"), 0)
	}
}
