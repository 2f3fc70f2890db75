// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// beneath is how anything is reached: in the root, by no link and over no mount.
const beneath = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV

// openDirs is how many directories are kept open.
const openDirs = 512

// dirs are the directories below a root, open. It may be used by several
// goroutines; what a node's path is they say.
type dirs struct {
	root int

	mu   sync.Mutex
	open map[*node]*openDir
}

type openDir struct {
	fd    int
	users int
	stale bool // close it when nobody uses it
}

// get returns a descriptor of the directory until release. path is where it is now.
func (d *dirs) get(n *node, path string) (*openDir, error) {
	d.mu.Lock()
	if o := d.open[n]; o != nil {
		o.users++
		d.mu.Unlock()
		return o, nil
	}
	d.mu.Unlock()
	fd, err := openBeneath(d.root, path, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.open[n]; o != nil { // another one was faster
		o.users++
		return o, unix.Close(fd)
	}
	o := &openDir{fd: fd, users: 1}
	if len(d.open) >= openDirs {
		d.evict()
	}
	d.open[n] = o
	return o, nil
}

func (d *dirs) release(o *openDir) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.users--; o.users == 0 && o.stale {
		_ = unix.Close(o.fd)
	}
}

// evict closes some directory that nobody uses.
func (d *dirs) evict() {
	for n, o := range d.open {
		if o.users == 0 {
			_ = unix.Close(o.fd)
			delete(d.open, n)
			return
		}
	}
}

// drop forgets a directory that is removed.
func (d *dirs) drop(n *node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.open[n]; o != nil {
		delete(d.open, n)
		if o.stale = true; o.users == 0 {
			_ = unix.Close(o.fd)
		}
	}
}

func (d *dirs) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, o := range d.open {
		if o.stale = true; o.users == 0 {
			_ = unix.Close(o.fd)
		}
		delete(d.open, n)
	}
}

// openBeneath opens what is at a path below a directory, of any length.
func openBeneath(dirfd int, path string, flags uint64) (int, error) {
	at := dirfd
	for {
		part := path
		if len(part) >= unix.PathMax {
			i := strings.LastIndexByte(part[:unix.PathMax-1], '/')
			if i < 0 {
				return -1, unix.ENAMETOOLONG
			}
			part = part[:i]
		}
		rest := strings.TrimLeft(path[len(part):], "/")
		how := unix.OpenHow{Flags: flags | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: beneath}
		if rest != "" {
			how.Flags = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		}
		fd, err := openat2(at, part, &how)
		if at != dirfd {
			_ = unix.Close(at)
		}
		if err != nil || rest == "" {
			return fd, err
		}
		at, path = fd, rest
	}
}

func openat2(dirfd int, path string, how *unix.OpenHow) (int, error) {
	for {
		fd, err := unix.Openat2(dirfd, path, how)
		if !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			return fd, err
		}
	}
}

// openRoot opens the directory to be replayed into, and makes it if it is not there.
func openRoot(dir string) (int, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return -1, err
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	probe, err := openat2(fd, ".", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: beneath})
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("%w %s: openat2: %w: it keeps a journal from reaching outside, and needs Linux 5.6", ErrTarget, dir, err)
	}
	return fd, unix.Close(probe)
}
