// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// settle gives the directory what its nodes have that is not there yet; times and, of
// directories that their owner could not use then, modes only the last time.
func (d *Directory) settle(last bool) error {
	t := d.tree
	list := t.dirty
	t.dirty = nil
	if last && d.uid != 0 {
		// What is deepest first: a directory may become one that cannot be entered.
		depth := map[*node]int{}
		for _, n := range list {
			for p := n; p.at.dir != nil; p = p.at.dir {
				depth[n]++
			}
		}
		slices.SortStableFunc(list, func(a, b *node) int { return cmp.Compare(depth[b], depth[a]) })
	}
	for _, n := range list {
		n.dirt &^= dirtListed
		if n == t.root || n.dead || n.at.dir == nil || n.at.dir == t.limbo && last {
			n.dirt = 0
			continue
		}
		if err := d.settleNode(n, last); err != nil {
			n.dirt = 0
			if t.options.Report == nil {
				return fmt.Errorf("%s/%s: %w", n.at.dir.where(), n.at.name, err)
			}
			t.options.Report(Problem{Kind: Failure, Path: n.at.dir.where() + "/" + n.at.name, Err: err})
		}
		if n.dirt != 0 {
			t.soil(n, n.dirt)
		}
	}
	return nil
}

func (d *Directory) settleNode(n *node, last bool) error {
	later := dirtTimes
	if last {
		later = 0
	} else if d.uid != 0 && n.isDir() && n.mode&0o700 != 0o700 {
		later |= dirtMode
	}
	todo := n.dirt &^ later
	if todo == 0 || d.left(n) {
		return nil
	}
	dir, err := d.dirs.get(n.at.dir, n.at.dir.where())
	if err != nil {
		return err
	}
	defer d.dirs.release(dir)
	fd, name := dir.fd, n.at.name
	if todo&dirtSize != 0 {
		if err := resizeFile(fd, name, n); err != nil {
			return err
		}
		todo |= n.dirt & dirtMode &^ later
	}
	if todo&dirtOwner != 0 {
		err := unix.Fchownat(fd, name, int(n.uid), int(n.gid), unix.AT_SYMLINK_NOFOLLOW)
		if err := d.permitted("owners", err, AspectOwner); err != nil {
			return err
		}
		if n.mode&0o6000 != 0 {
			todo |= dirtMode // that took them away
		}
	}
	if todo&dirtMode != 0 && n.kind() != unix.S_IFLNK {
		if err := changeMode(fd, name, n.mode&0o7777); err != nil {
			return err
		}
	}
	if todo&dirtXattrs != 0 {
		if err := d.settleXattrs(fd, name, n); err != nil {
			return err
		}
	}
	if todo&dirtTimes != 0 {
		if err := changeTimes(fd, name, n); err != nil {
			return err
		}
	}
	n.dirt &= later
	return nil
}

// left: it is a device that was not to be made.
func (d *Directory) left(n *node) bool {
	if d.tree.options.Devices || n.kind() != unix.S_IFBLK && (n.kind() != unix.S_IFCHR || n.rdev == 0) {
		return false
	}
	n.dirt = 0
	return true
}

// permitted counts what only root may do.
func (d *Directory) permitted(what string, err error, of Aspects) error {
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	d.unable[what]++
	d.aspects &^= of
	return nil
}

func resizeFile(dirfd int, name string, n *node) error {
	fd, err := openFile(dirfd, name)
	if errors.Is(err, unix.EACCES) {
		// Its owner may not write to it.
		if err = changeMode(dirfd, name, 0o600); err == nil {
			n.dirt |= dirtMode
			fd, err = openFile(dirfd, name)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(unix.Ftruncate(fd, int64(n.size)), unix.Close(fd))
}

// changeMode follows no link, which chmod(2) cannot promise before Linux 6.6.
func changeMode(dirfd int, name string, perm uint32) error {
	err := unix.Fchmodat(dirfd, name, perm, unix.AT_SYMLINK_NOFOLLOW)
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	fd, err := openBeneath(dirfd, name, unix.O_PATH)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFLNK {
		err = unix.Chmod(procPath(fd), perm)
	}
	return errors.Join(err, unix.Close(fd))
}

func changeTimes(dirfd int, name string, n *node) error {
	ts := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Nsec: unix.UTIME_OMIT}}
	if n.atime != 0 {
		ts[0] = unix.NsecToTimespec(n.atime)
	}
	if n.mtime != 0 {
		ts[1] = unix.NsecToTimespec(n.mtime)
	}
	return unix.UtimesNanoAt(dirfd, name, ts, unix.AT_SYMLINK_NOFOLLOW)
}

func (d *Directory) settleXattrs(dirfd int, name string, n *node) error {
	fd, err := openBeneath(dirfd, name, unix.O_PATH)
	if err != nil {
		return err
	}
	path := procPath(fd)
	for name := range n.gone {
		err := unix.Removexattr(path, name)
		if errors.Is(err, unix.ENODATA) {
			err = nil
		}
		if err = d.permitted("extended attributes", err, AspectXattrs); err != nil {
			return errors.Join(err, unix.Close(fd))
		}
	}
	n.gone = nil
	for name, value := range n.xattrs {
		err := d.permitted("extended attributes", unix.Setxattr(path, name, []byte(value), 0), AspectXattrs)
		if err != nil {
			return errors.Join(fmt.Errorf("set attribute %s: %w", name, err), unix.Close(fd))
		}
	}
	return unix.Close(fd)
}
