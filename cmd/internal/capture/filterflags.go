// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"math"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"vexj/cmd/internal/cgroup"
	"vexj/cmd/internal/exit"
	"vexj/query"
	"vexj/uapi"
)

// FilterFlags say what is recorded.
type FilterFlags struct {
	paths      []string
	mounts     []string
	types      []string
	modifyOnly bool
	failed     bool
	cgroup     string
	trees      []uint
	uids       []string
}

// Add defines the flags, those that say whose operations are recorded only if
// whose is set.
func (f *FilterFlags) Add(fs *pflag.FlagSet, whose bool) {
	fs.StringArrayVar(&f.paths, "path", nil, "record only below this `folder` (repeatable)")
	fs.StringArrayVar(&f.mounts, "filesystem", nil, "record only the filesystem that this `path` is on (repeatable)")
	f.AddWhat(fs)
	if !whose {
		return
	}
	fs.StringVar(&f.cgroup, "cgroup", "", "record only this control group and those below it: a `path` or an id")
	fs.UintSliceVar(&f.trees, "pid-tree", nil, "record only this `pid` and its descendants (repeatable)")
	fs.StringSliceVar(&f.uids, "uid", nil, "record only this `user`, a name or a number (repeatable)")
}

// AddWhat defines the flags that say which operations are recorded.
func (f *FilterFlags) AddWhat(fs *pflag.FlagSet) {
	fs.StringSliceVar(&f.types, "type", nil, "record only these `types`, categories or groups (repeatable)")
	fs.BoolVar(&f.modifyOnly, "modify-only", false, "record only what changes something")
	fs.BoolVar(&f.failed, "failed", false, "record failed operations too")
}

// Filter turns the flags into what the kernel takes.
func (f *FilterFlags) Filter() (uapi.Filter, error) {
	out := uapi.Filter{ModifyOnly: f.modifyOnly, FailedToo: f.failed}
	var err error
	if out.Types, err = query.ParseTypes(f.types); err != nil {
		return out, exit.With(exit.Usage, err)
	}
	if out.PathPrefixes, err = prefixes(f.paths); err != nil {
		return out, exit.With(exit.Usage, err)
	}
	for _, p := range f.mounts {
		dev, err := filesystem(p)
		if err != nil {
			return out, err
		}
		out.Superblocks = append(out.Superblocks, dev)
	}
	if out.CgroupID, err = CgroupID(f.cgroup); err != nil {
		return out, fmt.Errorf("--cgroup %w", err)
	}
	if out.UIDs, err = userIDs(f.uids); err != nil {
		return out, exit.With(exit.Usage, err)
	}
	if out.TGIDTree, err = PIDs(f.trees); err != nil {
		return out, exit.Usagef("--pid-tree %w", err)
	}
	return out, nil
}

// PIDs checks what a flag took for process ids.
func PIDs(ns []uint) ([]uint32, error) {
	var out []uint32
	for _, n := range ns {
		if n == 0 || n > math.MaxInt32 {
			return nil, fmt.Errorf("%d: no process can have this id", n)
		}
		out = append(out, uint32(n))
	}
	return out, nil
}

func prefixes(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("--path %q: %w", p, err)
		}
		// The kernel sees the folder under its own name. One that is not there
		// yet is taken as it is written.
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
		out = append(out, abs)
	}
	return out, nil
}

func filesystem(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, fmt.Errorf("--filesystem: %w", &os.PathError{Op: "stat", Path: path, Err: err})
	}
	return st.Dev, nil
}

// CgroupID takes the id of a control group of the unified hierarchy, which is
// the inode number of its folder.
func CgroupID(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	id, _, err := cgroup.Find(s)
	return id, err
}

func userIDs(names []string) ([]uint32, error) {
	var out []uint32
	for _, name := range names {
		if u, err := user.Lookup(name); err == nil {
			name = u.Uid
		}
		id, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("--uid %q: no such user", name)
		}
		out = append(out, uint32(id))
	}
	return out, nil
}
