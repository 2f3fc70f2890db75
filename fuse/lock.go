// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Locks are the backing file's, so that they hold against who is under the mount
// as well. A flock belongs to an open file, and so to a handle. A POSIX lock
// belongs to a process, which the kernel names by a number: each gets an open file
// of its own, whose OFD locks then exclude each other as the processes' do.
type lockOwners struct {
	mu  sync.Mutex
	all map[uint64]*lockOwner
}

type lockOwner struct {
	fd   int
	held []fuse.FileLock // as asked for: to tell who is in the way
}

const (
	isFlock      = 1 // of LkFlags
	lockToTheEnd = math.MaxInt64
)

// owners returns the lock owners of h's file.
func (fs *FS) owners(h *handle) *lockOwners {
	fs.table.mu.Lock()
	defer fs.table.mu.Unlock()
	o := h.node.open
	if o.locks == nil {
		o.locks = &lockOwners{all: map[uint64]*lockOwner{}}
	}
	return o.locks
}

// of returns an owner's open file, made if it is the first time.
func (l *lockOwners) of(t *table, owner uint64, h *handle) (*lockOwner, error) {
	if o := l.all[owner]; o != nil {
		return o, nil
	}
	fd, err := t.openat(unix.AT_FDCWD, procFD(h.fd), unix.O_RDWR, 0)
	if err != nil {
		fd, err = t.openat(unix.AT_FDCWD, procFD(h.fd), h.flags&unix.O_ACCMODE, 0)
	}
	if err != nil {
		return nil, err
	}
	l.all[owner] = &lockOwner{fd: fd}
	return l.all[owner], nil
}

func rangeOf(lk *fuse.FileLock) unix.Flock_t {
	f := unix.Flock_t{Type: int16(lk.Typ), Whence: unix.SEEK_SET, Start: int64(lk.Start)}
	if lk.End < lockToTheEnd {
		f.Len = int64(lk.End-lk.Start) + 1
	}
	return f
}

// GetLk tells what is in the way of a lock.
func (fs *FS) GetLk(_ <-chan struct{}, in *fuse.LkIn, out *fuse.LkOut) fuse.Status {
	h := fs.handles.get(in.Fh)
	if h == nil || h.dir != nil {
		return fuse.EBADF
	}
	l := fs.owners(h)
	l.mu.Lock()
	defer l.mu.Unlock()
	o, err := l.of(fs.table, in.Owner, h)
	if err != nil {
		return status(err)
	}
	f := rangeOf(&in.Lk)
	if err := unix.FcntlFlock(uintptr(o.fd), unix.F_OFD_GETLK, &f); err != nil {
		return status(err)
	}
	out.Lk = fuse.FileLock{Typ: uint32(f.Type), Start: uint64(f.Start), End: lockToTheEnd}
	if f.Len > 0 {
		out.Lk.End = uint64(f.Start + f.Len - 1)
	}
	if f.Type != unix.F_UNLCK {
		out.Lk.Pid = l.holder(in.Owner, &out.Lk)
	}
	return fuse.OK
}

// holder is the process that has a lock; 0 is one that is not on this mount.
func (l *lockOwners) holder(but uint64, lk *fuse.FileLock) uint32 {
	for owner, o := range l.all {
		for _, h := range o.held {
			if owner != but && h.Start <= lk.End && lk.Start <= h.End {
				return h.Pid
			}
		}
	}
	return 0
}

// SetLk takes or gives back a lock, or fails.
func (fs *FS) SetLk(cancel <-chan struct{}, in *fuse.LkIn) fuse.Status {
	return fs.lock(cancel, in, false)
}

// SetLkw waits for a lock.
func (fs *FS) SetLkw(cancel <-chan struct{}, in *fuse.LkIn) fuse.Status {
	return fs.lock(cancel, in, true)
}

func (fs *FS) lock(cancel <-chan struct{}, in *fuse.LkIn, wait bool) fuse.Status {
	o := fs.begin(&in.InHeader)
	h := fs.handles.get(in.Fh)
	if h == nil {
		return fuse.EBADF
	}
	try := func() error { return fs.setPosix(h, in) }
	x := fact{typ: uapi.FSLock, kind: uapi.LockPosix, lock: &uapi.Lock{}}
	x.io.Offset = uapi.NoOffset
	if in.LkFlags&isFlock != 0 {
		x.kind = uapi.LockFlock
		try = func() error { return unix.Flock(h.fd, flockOf(in.Lk.Typ)|unix.LOCK_NB) }
	} else {
		f := rangeOf(&in.Lk)
		x.io.Offset, x.io.Length = f.Start, uint64(f.Len)
	}
	err := try()
	// A thread that sleeps in the kernel for a lock could not be woken when the
	// caller gives up.
	for pause := time.Millisecond; wait && err == unix.EAGAIN; pause = min(2*pause, 20*time.Millisecond) {
		select {
		case <-cancel:
			err = unix.EINTR
		case <-time.After(pause):
			err = try()
		}
	}
	if o.wants(uapi.FSLock) {
		o.locked(&x, h, in, wait, err)
	}
	return status(err)
}

func (o *operation) locked(x *fact, h *handle, in *fuse.LkIn, wait bool, err error) {
	var st unix.Statx_t
	switch in.Lk.Typ {
	case unix.F_RDLCK:
		x.lock.Command = 1
	case unix.F_WRLCK:
		x.lock.Command = 2
	}
	if wait {
		x.lock.Blocking = 1
	}
	x.io.Result = result(status(err), 0)
	x.at.handle = h
	if stat(h.fd, "", &st) == nil {
		x.file = &st
	}
	o.record(false, x)
}

func flockOf(typ uint32) int {
	switch typ {
	case unix.F_RDLCK:
		return unix.LOCK_SH
	case unix.F_WRLCK:
		return unix.LOCK_EX
	}
	return unix.LOCK_UN
}

func (fs *FS) setPosix(h *handle, in *fuse.LkIn) error {
	l := fs.owners(h)
	l.mu.Lock()
	defer l.mu.Unlock()
	if in.Lk.Typ == unix.F_UNLCK && l.all[in.Owner] == nil {
		return nil
	}
	o, err := l.of(fs.table, in.Owner, h)
	if err != nil {
		return err
	}
	f := rangeOf(&in.Lk)
	if err := unix.FcntlFlock(uintptr(o.fd), unix.F_OFD_SETLK, &f); err != nil {
		if err == unix.EACCES {
			err = unix.EAGAIN
		}
		return err
	}
	if in.Lk.Typ != unix.F_UNLCK {
		o.held = append(o.held, in.Lk)
		return nil
	}
	o.held = slices.DeleteFunc(o.held, func(k fuse.FileLock) bool { return in.Lk.Start <= k.Start && k.End <= in.Lk.End })
	if in.Lk.Start == 0 && in.Lk.End >= lockToTheEnd {
		l.drop(in.Owner)
	}
	return nil
}

// drop ends all locks of an owner. The lock is held.
func (l *lockOwners) drop(owner uint64) {
	if o := l.all[owner]; o != nil {
		unix.Close(o.fd)
		delete(l.all, owner)
	}
}

// unlock is what closing any descriptor of a file does to the closer's POSIX locks.
func (fs *FS) unlock(n *node, owner uint64) {
	fs.table.mu.Lock()
	var l *lockOwners
	if n.open != nil {
		l = n.open.locks
	}
	fs.table.mu.Unlock()
	if l != nil {
		l.mu.Lock()
		l.drop(owner)
		l.mu.Unlock()
	}
}

// end ends all locks, when nobody has the file open.
func (l *lockOwners) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for owner := range l.all {
		l.drop(owner)
	}
}
