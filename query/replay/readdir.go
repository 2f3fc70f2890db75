// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ReadDirectory lists a directory tree as [Tree.Entries] does, sorted by path. It
// follows no symbolic link below the root and does not look into what is mounted
// there.
func ReadDirectory(dir string) ([]Entry, error) {
	root, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	w := walker{first: map[uint64]int{}}
	var st unix.Stat_t
	if err := unix.Fstat(root, &st); err != nil {
		return nil, errors.Join(err, unix.Close(root))
	}
	w.dev = st.Dev
	if err := w.walk(root, ""); err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	for i := range w.entries {
		if g := w.group[i]; g >= 0 {
			w.entries[i].First = w.entries[g].Path
		}
	}
	sortEntries(w.entries)
	return w.entries, nil
}

type walker struct {
	dev     uint64
	entries []Entry
	group   []int          // of a name of several the entry of the first, or -1
	first   map[uint64]int // by inode
}

// walk takes over the descriptor.
func (w *walker) walk(fd int, prefix string) error {
	f := os.NewFile(uintptr(fd), prefix)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if prefix == "" && name == limboName {
			continue
		}
		if err := w.entry(fd, prefix, name); err != nil {
			return fmt.Errorf("%s%s: %w", prefix, name, err)
		}
	}
	return nil
}

func (w *walker) entry(dirfd int, prefix, name string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	path := prefix + name
	e := Entry{Path: path, Mode: st.Mode, UID: st.Uid, GID: st.Gid, Links: 1, First: path,
		Atime: st.Atim.Nano(), Mtime: st.Mtim.Nano()}
	group := -1
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Size = uint64(st.Size)
	case unix.S_IFCHR, unix.S_IFBLK:
		e.Rdev = st.Rdev
	case unix.S_IFLNK:
		target, err := readLink(dirfd, name)
		if err != nil {
			return err
		}
		e.Target = target
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		e.Links = int(st.Nlink)
		if e.Links > 1 {
			if i, ok := w.first[st.Ino]; ok {
				group = i
			} else {
				w.first[st.Ino] = len(w.entries)
			}
		}
	}
	var err error
	if e.Xattrs, err = readXattrs(dirfd, name); err != nil {
		return err
	}
	w.entries, w.group = append(w.entries, e), append(w.group, group)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Dev != w.dev {
		return nil
	}
	fd, err := unix.Openat(dirfd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return w.walk(fd, path+"/")
}

func readLink(dirfd int, name string) (string, error) {
	b := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dirfd, name, b)
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}

// readXattrs returns the extended attributes, nil for none.
func readXattrs(dirfd int, name string) (map[string]string, error) {
	path := procPath(dirfd) + "/" + name
	n, err := unix.Llistxattr(path, nil)
	if err != nil || n <= 0 {
		if errors.Is(err, unix.ENOTSUP) || n <= 0 && err == nil {
			err = nil
		}
		return nil, err
	}
	list := make([]byte, n+256)
	if n, err = unix.Llistxattr(path, list); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, key := range bytes.Split(bytes.TrimRight(list[:n], "\x00"), []byte{0}) {
		size, err := unix.Lgetxattr(path, string(key), nil)
		if err != nil {
			return nil, err
		}
		value := make([]byte, size)
		if size > 0 {
			if size, err = unix.Lgetxattr(path, string(key), value); err != nil {
				return nil, err
			}
		}
		out[string(key)] = string(value[:size])
	}
	return out, nil
}

func procPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }
