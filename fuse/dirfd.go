// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// statMask is what every look at a file asks for.
const statMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

// stat looks at a name in a directory, at no more than the name itself; "" is the
// object behind the descriptor.
func stat(dirfd int, name string, st *unix.Statx_t) error {
	flags := unix.AT_SYMLINK_NOFOLLOW | unix.AT_STATX_SYNC_AS_STAT
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	return unix.Statx(dirfd, name, flags, statMask, st)
}

// borrow returns the descriptor of a directory, or of something removed, which
// stays open until giveBack. One that is not open is opened by its name, and must
// then be what it was: ESTALE says that it is not.
func (t *table) borrow(n *node) (int, error) {
	t.mu.Lock()
	if n.fd >= 0 {
		n.users++
		t.mu.Unlock()
		return int(n.fd), nil
	}
	l, gone := n.at, n.gone
	t.mu.Unlock()
	if gone || l.dir == nil {
		return -1, unix.ESTALE
	}
	fd, err := t.openNode(n, l, unix.O_PATH)
	if err != nil {
		return -1, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n.users++
	if n.fd >= 0 { // somebody was faster
		unix.Close(fd)
		return int(n.fd), nil
	}
	n.fd = int32(fd)
	if n.isDir() {
		t.spare(t.maxDirs)
		t.dirs = append(t.dirs, n)
	}
	return fd, nil
}

func (t *table) giveBack(n *node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n.users--
	t.drop(n)
}

// spare closes directories that nobody uses until there are fewer than so many. The
// lock is held.
func (t *table) spare(many int) {
	for tries := len(t.dirs); len(t.dirs) >= many && tries > 0; tries-- {
		t.hand %= len(t.dirs)
		n := t.dirs[t.hand]
		if n.users > 0 || n.gone {
			t.hand++
			continue
		}
		if n.fd >= 0 {
			unix.Close(int(n.fd))
			n.fd = -1
		}
		last := len(t.dirs) - 1
		t.dirs[t.hand], t.dirs = t.dirs[last], t.dirs[:last]
	}
}

// openNode opens a node by one of its names and makes sure that it is the node.
func (t *table) openNode(n *node, l link, flags int) (int, error) {
	dirfd, err := t.borrow(l.dir)
	if err != nil {
		return -1, err
	}
	defer t.giveBack(l.dir)
	fd, err := t.openat(dirfd, l.name, flags|unix.O_NOFOLLOW, 0)
	if err != nil {
		return -1, err
	}
	var st unix.Statx_t
	if err := stat(fd, "", &st); err != nil || identityOf(&st) != n.known {
		unix.Close(fd)
		if err == nil {
			err = unix.ESTALE
		}
		return -1, err
	}
	return fd, nil
}

func openat(dirfd int, name string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Openat(dirfd, name, flags|unix.O_CLOEXEC, mode)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// reserved is how many descriptors files may not take.
func reserved(limit int) int { return min(limit/8, 256) }

// descriptor is for what cannot do without one: where there is none left it takes
// those of directories that are open for speed alone. The lock is not held.
func (t *table) descriptor(open func() (int, error)) (int, error) {
	for {
		fd, err := open()
		if err == nil {
			t.took(fd)
			if fd < t.most {
				return fd, nil
			}
			unix.Close(fd)
			err = unix.EMFILE
		}
		if err != unix.EMFILE || !t.shed() {
			return -1, err
		}
	}
}

// took takes note of a descriptor: the kernel gives out the lowest that is free.
func (t *table) took(fd int) {
	if near := fd >= t.most-t.most/16-1; near != t.crowded.Load() {
		t.crowded.Store(near)
	}
}

// room says whether there is a descriptor for what is there as soon as it is opened.
func (t *table) room() error {
	if !t.crowded.Load() {
		return nil
	}
	fd, err := t.openat(unix.AT_FDCWD, "/", unix.O_PATH, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func (t *table) openat(dirfd int, name string, flags int, mode uint32) (int, error) {
	return t.descriptor(func() (int, error) { return openat(dirfd, name, flags, mode) })
}

// shed closes half of the directories that nobody uses, and says whether there are any.
func (t *table) shed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.dirs)
	t.spare(before/2 + 1)
	return len(t.dirs) < before
}

// A place is where a node can be reached: a name in an open directory, or a
// descriptor of it ("").
type place struct {
	fd     int
	name   string
	holder *node // whose descriptor it is, or
	handle *handle
}

// reach returns where a node is now. done must be called.
func (t *table) reach(n *node) (place, error) {
	t.mu.Lock()
	if n.fd >= 0 {
		n.users++
		defer t.mu.Unlock()
		return place{fd: int(n.fd), holder: n}, nil
	}
	l, gone := n.at, n.gone
	if gone && n.open != nil {
		h := n.open.handles[0]
		h.users++
		t.mu.Unlock()
		return place{fd: h.fd, handle: h}, nil
	}
	t.mu.Unlock()
	if n.isDir() {
		fd, err := t.borrow(n)
		return place{fd: fd, holder: n}, err
	}
	if gone || l.dir == nil {
		return place{}, unix.ESTALE
	}
	fd, err := t.borrow(l.dir)
	return place{fd: fd, name: l.name, holder: l.dir}, err
}

func (t *table) done(p place) {
	switch {
	case p.handle != nil:
		t.leave(p.handle)
	case p.holder != nil:
		t.giveBack(p.holder)
	}
}

// retries bounds how often a name is followed that others move meanwhile.
const retries = 8

// look is stat of a node, wherever it has gone meanwhile. ESTALE: under none of
// the names that are known; the kernel then looks for it anew.
func (t *table) look(n *node, st *unix.Statx_t) error {
	err := error(unix.ESTALE)
	for range retries {
		var p place
		if p, err = t.reach(n); err != nil {
			return err
		}
		err = stat(p.fd, p.name, st)
		t.done(p)
		if err == nil && identityOf(st) == n.known {
			return nil
		}
		if !t.elsewhere(n, p) {
			break
		}
	}
	if err == nil || err == unix.ENOENT {
		err = unix.ESTALE
	}
	return err
}

// elsewhere says whether a node that was not found at p may be found at another
// place: it was moved meanwhile, or has another name.
func (t *table) elsewhere(n *node, p place) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n.gone || p.name == "" {
		return false
	}
	at := link{p.holder, p.name}
	if n.at != at {
		return true
	}
	// The name was taken away under the mount. There may be another, or a handle.
	t.unname(n, at)
	return !n.gone || n.open != nil
}

// hold opens a node's O_PATH descriptor, for operations that need one and not a
// name. The caller closes it.
func (t *table) hold(n *node) (int, error) {
	err := error(unix.ESTALE)
	for range retries {
		var p place
		if p, err = t.reach(n); err != nil {
			return -1, err
		}
		var fd int
		if p.name == "" {
			fd, err = t.descriptor(func() (int, error) { return unix.FcntlInt(uintptr(p.fd), unix.F_DUPFD_CLOEXEC, 0) })
			t.done(p)
			return fd, err
		}
		fd, err = t.openat(p.fd, p.name, unix.O_PATH|unix.O_NOFOLLOW, 0)
		t.done(p)
		if err == nil {
			var st unix.Statx_t
			if err = stat(fd, "", &st); err == nil && identityOf(&st) == n.known {
				return fd, nil
			}
			unix.Close(fd)
		}
		if !t.elsewhere(n, p) {
			break
		}
	}
	if err == nil || err == unix.ENOENT {
		err = unix.ESTALE
	}
	return -1, err
}

// generation is an inode's, as far as the filesystem tells it in its file handles:
// by the types of include/linux/exportfs.h.
func generation(dirfd int, name string) uint32 {
	h, _, err := unix.NameToHandleAt(dirfd, name, 0)
	if err != nil {
		return 0
	}
	b := h.Bytes()
	switch {
	case h.Type() == 0x01 && len(b) >= 8: // FILEID_INO32_GEN: ext4
		return binary.NativeEndian.Uint32(b[4:])
	case h.Type() == 0x81 && len(b) >= 12: // XFS_FILEID_INO64_GEN
		return binary.NativeEndian.Uint32(b[8:])
	case h.Type() == 0x4d && len(b) >= 20: // FILEID_BTRFS_WITHOUT_PARENT: object, root, generation
		return binary.NativeEndian.Uint32(b[16:])
	case len(b) == 12: // tmpfs: generation, inode
		return binary.NativeEndian.Uint32(b)
	}
	return 0
}
