// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// unifiedRoot is where the hierarchy of version 2 is mounted; "": nowhere that is
// usual.
var unifiedRoot = sync.OnceValue(func() string {
	var st unix.Statfs_t
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if unix.Statfs(root, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
			return root
		}
	}
	return ""
})

// unifiedGroup finds the group of version 2 in a /proc/PID/cgroup.
func unifiedGroup(text string) string {
	for line := range strings.Lines(text) {
		if group, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return group
		}
	}
	return ""
}

// groupID is the id of a control group: the inode of its folder. 0: there is none.
func groupID(group string) uint64 {
	var st unix.Stat_t
	if root := unifiedRoot(); root == "" || unix.Stat(root+group, &st) != nil {
		return 0
	}
	return st.Ino
}

// groupPath finds the control group of an id.
func groupPath(id uint64) (string, error) {
	root, found, is := unifiedRoot(), "", false
	if root == "" {
		return "", fmt.Errorf("%w: no control groups of version 2 are mounted", ErrFilter)
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // what cannot be read is none of ours
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Ino == id {
			found, is = strings.TrimPrefix(path, root), true
			return fs.SkipAll
		}
		return nil
	})
	if err == nil && !is {
		err = fmt.Errorf("%w: no control group below %s has the id %d", ErrFilter, root, id)
	}
	return found, err
}
