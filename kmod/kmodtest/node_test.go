// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
)

var nobody = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}

func TestNodeIsRootsAlone(t *testing.T) {
	var st unix.Stat_t
	if err := unix.Stat(device.Path, &st); err != nil {
		t.Fatal(err)
	}
	if st.Mode != unix.S_IFCHR|0o600 || st.Uid != 0 || st.Gid != 0 {
		t.Errorf("mode %o of %d:%d, not %o of 0:0", st.Mode, st.Uid, st.Gid, unix.S_IFCHR|0o600)
	}
	for _, file := range []string{"hooks_placed", "hooks_missing", "counters"} {
		path := "/sys/class/misc/vexj/" + file
		if err := unix.Stat(path, &st); err != nil {
			t.Errorf("%s: %v", path, err)
		} else if st.Mode != unix.S_IFREG|0o400 || st.Uid != 0 {
			t.Errorf("%s: mode %o of %d", path, st.Mode, st.Uid)
		}
	}
}

// Who is not root cannot open the device, nor steer by a descriptor that root
// has opened.
func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("this test needs root, to become somebody else")
	}
	p := startProcess(t, openDevice(t, unix.O_RDWR), nobody)
	if got := p.ask("open " + device.Path); got != "EACCES" {
		t.Errorf("opening: %s", got)
	}
	for _, command := range steering {
		if got := p.ask(fmt.Sprintf("ioctl %d %d", command, command>>16&0x3fff)); got != "EPERM" {
			t.Errorf("command %#x: %s", command, got)
		}
	}
	if got := p.ask(fmt.Sprintf("ioctl %d 96", uint(iocInfo))); got != "ok" {
		t.Errorf("looking, by a descriptor that may: %s", got)
	}
}

func TestPermissionsOfDescriptor(t *testing.T) {
	writer := openDevice(t, unix.O_WRONLY)
	for _, command := range looking {
		if err := ioctl(writer, command, make([]byte, command>>16&0x3fff)); err != unix.EBADF {
			t.Errorf("command %#x on a descriptor for writing: %v", command, err)
		}
	}
	reader := openDevice(t, unix.O_RDONLY)
	if _, err := unix.Write(reader, sample(1, "")); err != unix.EBADF {
		t.Errorf("writing to a descriptor for reading: %v", err)
	}
	if err := ioctl(reader, iocInfo, make([]byte, 96)); err != nil {
		t.Error(err)
	}
}
