// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"math"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// Flags are the command line of a capture.
type Flags struct {
	producer   string
	require    bool
	journal    string
	durability string
	ringSize   string

	paths      []string
	mounts     []string
	types      []string
	modifyOnly bool
	failed     bool
	cgroup     string
	trees      []uint
	uids       []string
}

// Add defines the flags. Those that say whose operations are recorded are left
// out where the command itself says it.
func (f *Flags) Add(fs *pflag.FlagSet, whose bool) {
	fs.StringVar(&f.producer, "producer", "auto", "`name`: "+strings.Join(Producers, ", "))
	fs.BoolVar(&f.require, "require", false, "fail rather than fall back from --producer to another one")
	fs.StringVar(&f.journal, "journal", place.Journal(), "`folder` of the journal, made if missing, continued if not")
	fs.StringVar(&f.durability, "durability", "interval", "`when` records are synced to disk: none, interval, batch, record")
	fs.StringVar(&f.ringSize, "ring-size", "", "`bytes` of each CPU's ring, a power of two (suffixes K, M)")
	fs.StringArrayVar(&f.paths, "path", nil, "record only below this `folder` (repeatable)")
	fs.StringArrayVar(&f.mounts, "filesystem", nil, "record only the filesystem that this `path` is on (repeatable)")
	fs.StringSliceVar(&f.types, "type", nil, "record only these `types`, categories or groups (repeatable)")
	fs.BoolVar(&f.modifyOnly, "modify-only", false, "record only what changes something")
	fs.BoolVar(&f.failed, "failed", false, "record failed operations too")
	if !whose {
		return
	}
	fs.StringVar(&f.cgroup, "cgroup", "", "record only this control group and those below it: a `path` or an id")
	fs.UintSliceVar(&f.trees, "pid-tree", nil, "record only this `pid` and its descendants (repeatable)")
	fs.StringSliceVar(&f.uids, "uid", nil, "record only this `user`, a name or a number (repeatable)")
}

// Options turns the flags into those of a capture.
func (f *Flags) Options(program string) (Options, error) {
	o := Options{
		Program:  program,
		Producer: f.producer,
		Require:  f.require,
		Journal:  f.journal,
		RunDir:   place.Run(),
		Filter:   uapi.Filter{ModifyOnly: f.modifyOnly, FailedToo: f.failed},
	}
	var err error
	if o.Durability, err = userjournal.ParseDurability(f.durability); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	if o.RingBytes, err = ringBytes(f.ringSize); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	if o.Filter.Types, err = query.ParseTypes(f.types); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	if o.Filter.PathPrefixes, err = prefixes(f.paths); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	for _, p := range f.mounts {
		dev, err := device(p)
		if err != nil {
			return o, err
		}
		o.Filter.Superblocks = append(o.Filter.Superblocks, dev)
	}
	if o.Filter.CgroupID, err = cgroupID(f.cgroup); err != nil {
		return o, err
	}
	if o.Filter.UIDs, err = userIDs(f.uids); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	if o.Filter.TGIDTree, err = PIDs(f.trees); err != nil {
		return o, exit.Usagef("--pid-tree %w", err)
	}
	return o, o.Check()
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

func ringBytes(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	digits, unit := s, uint64(1)
	switch s[len(s)-1] {
	case 'k', 'K':
		digits, unit = s[:len(s)-1], 1<<10
	case 'm', 'M':
		digits, unit = s[:len(s)-1], 1<<20
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if n *= unit; err != nil || n > math.MaxInt32 || n&(n-1) != 0 || n < uint64(os.Getpagesize()) {
		return 0, fmt.Errorf("--ring-size %q: it is a power of two of at least %d bytes, such as 4M", s, os.Getpagesize())
	}
	return int(n), nil
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

func device(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, fmt.Errorf("--filesystem: %w", &os.PathError{Op: "stat", Path: path, Err: err})
	}
	return st.Dev, nil
}

// cgroupID takes the id of a control group of the unified hierarchy, which is
// the inode number of its folder.
func cgroupID(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	if id, err := strconv.ParseUint(s, 10, 64); err == nil && id != 0 {
		return id, nil
	}
	path := s
	if root := "/sys/fs/cgroup"; !strings.HasPrefix(path, root) {
		path = filepath.Join(root, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("--cgroup %s is neither an id nor a control group: %w", s, err)
	}
	return info.Sys().(*syscall.Stat_t).Ino, nil
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
