// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// do does one change to the directory.
func (d *Directory) do(c *change, how *Doing) error {
	var from, to *openDir
	var err error
	if c.from.dir != nil {
		if from, err = d.dirs.get(c.from.dir, c.from.path); err != nil {
			return err
		}
		defer d.dirs.release(from)
	}
	if c.to.dir != nil {
		if to, err = d.dirs.get(c.to.dir, c.to.path); err != nil {
			return err
		}
		defer d.dirs.release(to)
	}
	switch c.op {
	case opMake:
		err = d.make(to.fd, c)
		if how.Again && errors.Is(err, unix.EEXIST) {
			return nil
		}
	case opLink:
		err = unix.Linkat(from.fd, c.from.name, to.fd, c.to.name, 0)
		if how.Again && errors.Is(err, unix.EEXIST) {
			return nil
		}
	case opRemove:
		err = d.remove(from.fd, c)
		if how.Again && errors.Is(err, unix.ENOENT) {
			return nil
		}
	case opPurge:
		d.dirs.clear()
		err = d.purge(from.fd, c.from.name)
	case opMove:
		err = d.move(from.fd, to.fd, c, how)
	default:
		err = modify(from.fd, c)
	}
	return err
}

func (d *Directory) make(dirfd int, c *change) error {
	perm := c.mode & 0o777
	switch c.mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return unix.Mkdirat(dirfd, c.to.name, perm|0o700)
	case unix.S_IFLNK:
		return unix.Symlinkat(c.target, dirfd, c.to.name)
	case unix.S_IFREG, unix.S_IFIFO, unix.S_IFSOCK, unix.S_IFCHR, unix.S_IFBLK:
		return unix.Mknodat(dirfd, c.to.name, c.mode&unix.S_IFMT|perm, int(c.rdev))
	}
	return fmt.Errorf("mode %o is of nothing that can be made", c.mode)
}

func (d *Directory) remove(dirfd int, c *change) error {
	if c.mode&unix.S_IFMT == unix.S_IFDIR {
		d.dirs.drop(c.node)
		return unix.Unlinkat(dirfd, c.from.name, unix.AT_REMOVEDIR)
	}
	return unix.Unlinkat(dirfd, c.from.name, 0)
}

func (d *Directory) move(from, to int, c *change, how *Doing) error {
	flags := c.flags
	if flags&unix.RENAME_EXCHANGE != 0 {
		done, err := exchanged(from, c.from.name, how)
		if done || err != nil {
			return err
		}
	} else if c.other == nil {
		flags |= d.exists
	} else if c.other.isDir() {
		d.dirs.drop(c.other)
	}
	err := unix.Renameat2(from, c.from.name, to, c.to.name, flags)
	if errors.Is(err, unix.EINVAL) && flags == unix.RENAME_NOREPLACE && d.exists != 0 {
		// Not every filesystem has it.
		return unix.Renameat2(from, c.from.name, to, c.to.name, 0)
	}
	if how.Again && errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// exchanged: whoever began an exchange noted which inode had the first name before
// it, as nothing else tells once from twice.
func exchanged(dirfd int, name string, how *Doing) (bool, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return false, err
	}
	if how.Noted() != 0 {
		return how.Noted() != st.Ino, nil
	}
	how.Note(st.Ino)
	return false, nil
}

// modify changes what is in a file.
func modify(dirfd int, c *change) error {
	fd, err := openFile(dirfd, c.from.name)
	if err != nil {
		return err
	}
	switch c.op {
	case opWrite:
		err = writeAll(fd, c.data, c.offset)
	case opResize:
		err = unix.Ftruncate(fd, c.size)
	case opReserve:
		err = unix.Fallocate(fd, uint32(c.flags), c.offset, c.size)
	}
	return errors.Join(err, unix.Close(fd))
}

// openFile opens a regular file to change its bytes, and nothing else: not a device,
// should there be one against what was planned.
func openFile(dirfd int, name string) (int, error) {
	fd, err := openBeneath(dirfd, name, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = fmt.Errorf("it is a %s", kindWord(st.Mode))
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func writeAll(fd int, b []byte, offset int64) error {
	for len(b) > 0 {
		n, err := unix.Pwrite(fd, b, offset)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		b, offset = b[n:], offset+int64(n)
	}
	return nil
}

// purge removes a name and all below it.
func (d *Directory) purge(dirfd int, name string) error {
	err := unix.Unlinkat(dirfd, name, 0)
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EPERM) {
		return err
	}
	fd, err := openBeneath(dirfd, name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := d.purge(fd, name); err != nil {
			return err
		}
	}
	return unix.Unlinkat(dirfd, name, unix.AT_REMOVEDIR)
}

// ownUmask reads the process's umask without changing it, as another thread may make
// a file meanwhile.
func ownUmask() (uint32, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, "Umask:"); ok {
			var mask uint32
			_, err := fmt.Sscanf(text, "%o", &mask)
			return mask, err
		}
	}
	return 0o777, nil
}
