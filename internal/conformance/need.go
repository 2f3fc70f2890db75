// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Need is something that a machine may lack. A row whose needs are not met is
// skipped, and says why.
type Need struct {
	Name string
	met  func(dir string) error
}

// Met returns nil if the machine has it, for rows that run in dir.
func (n Need) Met(dir string) error { return n.met(dir) }

// unmetError is how Setup says that the filesystem or kernel lacks something.
type unmetError struct{ reason string }

func (u unmetError) Error() string { return u.reason }

// Unmet, in Setup, skips the row.
func (e *Env) Unmet(reason string) { panic(unmetError{reason}) }

// Supports, in Setup, skips the row if err says that the kernel or the
// filesystem has no such operation, and ends it for other errors.
func (e *Env) Supports(what string, err error) {
	switch err {
	case unix.ENOSYS, unix.EOPNOTSUPP, unix.EINVAL, unix.ENODEV:
		e.Unmet(what + ": " + err.Error())
	}
	e.Must(err)
}

var (
	needRoot = Need{"root", func(string) error {
		if os.Geteuid() != 0 {
			return unix.EPERM
		}
		return nil
	}}

	// needMount: may mount, which a container's root may not.
	needMount = Need{"mount", func(dir string) error {
		fd, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	}}

	needXattr = Need{"trusted extended attributes", func(dir string) error {
		err := unix.Setxattr(dir, "trusted.vexj.probe", []byte("1"), 0)
		if err != nil {
			return err
		}
		return unix.Removexattr(dir, "trusted.vexj.probe")
	}}

	needACL = Need{"access control lists", func(dir string) error {
		if err := unix.Setxattr(dir, aclName, acl, 0); err != nil {
			return err
		}
		return unix.Removexattr(dir, aclName)
	}}

	// needAppend: overlayfs takes RWF_APPEND and does not heed it, before 6.6.
	needAppend = Need{"RWF_APPEND", func(dir string) error {
		f, err := os.CreateTemp(dir, "append")
		if err != nil {
			return err
		}
		defer os.Remove(f.Name())
		defer f.Close()
		for range 2 {
			if _, err := unix.Pwritev2(int(f.Fd()), [][]byte{{'x'}}, 0, unix.RWF_APPEND); err != nil {
				return err
			}
		}
		if info, err := f.Stat(); err != nil || info.Size() != 2 {
			return errors.Join(err, errors.New("it is taken and does nothing"))
		}
		return nil
	}}

	needURing = Need{"io_uring", func(string) error {
		r, err := openURing()
		if err != nil {
			return err
		}
		r.close()
		return nil
	}}
)
