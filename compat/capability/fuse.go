// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const fuseDevice = "/dev/fuse"

// fuse asks for the device that a filesystem in userspace serves.
func fuse(context.Context) Finding {
	fd, err := unix.Open(fuseDevice, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	} else {
		err = fmt.Errorf("%s: %w", fuseDevice, err)
	}
	f := Judge("", err, unix.ENOENT, unix.ENXIO, unix.ENODEV)
	f.Fleeting = true
	if f.Status == No {
		f.Do = "modprobe fuse, or a kernel with CONFIG_FUSE_FS"
	}
	return f
}

// fusermount asks for the program by which users other than root mount.
func fusermount(context.Context) Finding {
	_, err := exec.LookPath("fusermount3")
	f := Judge("", err, exec.ErrNotFound)
	f.Fleeting = true
	if f.Status == No {
		f.Why, f.Do = "there is no fusermount3: only root can mount", "install the package fuse3"
	}
	return f
}

// The kernel opens the conversation with what it can do: struct fuse_in_header,
// then struct fuse_init_in, of include/uapi/linux/fuse.h.
const (
	fuseInitFlags  = 40 + 12
	fuseInitFlags2 = 40 + 16
	fuseInitSize   = 40 + 20

	fuseInitExt      = 1 << 30        // of flags: flags2 is there
	fusePassthrough2 = 1 << (37 - 32) // of flags2
)

var errNoPassthrough = errors.New("this kernel's FUSE does not pass reads and writes through")

// fusePassthrough mounts a filesystem that nobody serves, where nobody sees it,
// and reads what the kernel offers.
func fusePassthrough(context.Context) Finding {
	answer := make(chan error, 1)
	go func() {
		// The thread gets a mount namespace of its own and ends with the
		// goroutine, because it is never unlocked.
		runtime.LockOSThread()
		answer <- offersPassthrough()
	}()
	f := Judge("", <-answer, errNoPassthrough, unix.ENOENT, unix.ENODEV, unix.ENXIO)
	if f.Status == No {
		f.Do = "a kernel of 6.9 or newer with CONFIG_FUSE_PASSTHROUGH; without it data takes a detour through the filesystem's process"
	}
	// A module that is not loaded may be.
	f.Fleeting = f.Status == No && f.Why != errNoPassthrough.Error()
	return f
}

func offersPassthrough() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a mount namespace to try it in: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("a mount namespace to try it in: %w", err)
	}
	fd, err := unix.Open(fuseDevice, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", fuseDevice, err)
	}
	defer unix.Close(fd)
	dir, err := os.MkdirTemp("", "vexj-probe-")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)
	if err := unix.Mount("vexj-probe", dir, "fuse", unix.MS_NODEV|unix.MS_NOSUID, options); err != nil {
		return fmt.Errorf("mounting FUSE on %s: %w", dir, err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	return readOffer(fd)
}

func readOffer(fd int) error {
	// The kernel sends it on mounting; nothing is waited for but a scheduler.
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if _, err := unix.Poll(poll, int(5*time.Second/time.Millisecond)); err != nil {
		return fmt.Errorf("%s: %w", fuseDevice, err)
	}
	// FUSE refuses to fill buffers that are smaller than its largest request.
	request := make([]byte, 64<<10)
	n, err := unix.Read(fd, request)
	if err != nil {
		return fmt.Errorf("%s: %w", fuseDevice, err)
	}
	return judgeOffer(request[:n])
}

func judgeOffer(request []byte) error {
	if len(request) < fuseInitFlags+4 {
		return fmt.Errorf("%s: the kernel's first request has %d bytes", fuseDevice, len(request))
	}
	le := binary.LittleEndian
	if le.Uint32(request[fuseInitFlags:])&fuseInitExt == 0 || len(request) < fuseInitSize ||
		le.Uint32(request[fuseInitFlags2:])&fusePassthrough2 == 0 {
		return errNoPassthrough
	}
	return nil
}
