// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Path is where the module's device is.
const Path = "/dev/vexj"

var (
	// ErrNoModule: there is no device.
	ErrNoModule = errors.New("the kernel module is not loaded: `insmod vexj.ko`, or `modprobe vexj` where it is installed")
	// ErrBusy: the module has a consumer already.
	ErrBusy = errors.New("the kernel module is in use")
	// ErrVersion: the loaded module is of another version than this program.
	ErrVersion = errors.New("the loaded kernel module has another interface than this program: " +
		"load the one that was built with it (rmmod vexj; insmod vexj.ko)")
	// ErrFilter: the module has no room for a filter, or it makes no sense.
	ErrFilter = errors.New("filter cannot be applied")
)

// A Device is a descriptor of /dev/vexj. Its methods may be called from any
// goroutine.
type Device struct {
	mu sync.RWMutex // guards fd against Close
	fd int
}

// Open opens the device, to look and to set. What needs more than the
// permission to open it says so when it is called.
func Open() (*Device, error) { return openPath(Path) }

func openPath(path string) (*Device, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch err {
	case nil:
	case unix.ENOENT, unix.ENXIO, unix.ENODEV:
		return nil, fmt.Errorf("%s: %w", path, ErrNoModule)
	case unix.EACCES, unix.EPERM:
		return nil, fmt.Errorf("opening %s: %w; it is root's, run as root", path, os.ErrPermission)
	default:
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	d := &Device{fd: fd}
	if _, err := d.Info(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close gives the descriptor back. A context or a filter that was set stays.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return nil
	}
	err := unix.Close(d.fd)
	d.fd = -1
	return err
}

// ioctl calls the device. arg points to the command's struct or is nil.
func (d *Device) ioctl(command uintptr, arg unsafe.Pointer) (int, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.fd < 0 {
		return 0, fmt.Errorf("%s: %w", Path, os.ErrClosed)
	}
	for {
		n, _, err := unix.Syscall(unix.SYS_IOCTL, uintptr(d.fd), command, uintptr(arg))
		switch err {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, err
	}
}

// explain says what was being done and, where the number alone would not tell,
// what to do about it.
func explain(what string, err error) error {
	switch err {
	case nil:
		return nil
	case unix.EPERM:
		return fmt.Errorf("%s: %w; it needs CAP_SYS_ADMIN, run as root", what, os.ErrPermission)
	case unix.ENOTTY:
		return fmt.Errorf("%s: %w", what, ErrVersion)
	}
	return fmt.Errorf("%s (%s): %w", what, Path, err)
}
