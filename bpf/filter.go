// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// A Filter says, in the kernel, what is recorded. Its conditions must all hold;
// several values of one condition are alternatives; an empty condition holds.
// What it leaves out is counted as filtered, and is no loss.
type Filter struct {
	// PathPrefixes are absolute paths of files or directories; a directory
	// stands for all below it. A record of two paths passes if either does.
	PathPrefixes []string

	// Types to record; empty means all but the lookups (stat, access,
	// readlink, getxattr, listxattr, statfs).
	Types []uapi.Type

	ModifyOnly  bool     // only types that leave something changed
	FailedToo   bool     // also operations that failed
	CgroupID    uint64   // this control group (of the v2 hierarchy) and those below it
	TGIDTree    []uint32 // these processes and their descendants
	UIDs        []uint32 // filesystem user ids
	Superblocks []uint64 // st_dev of filesystems
}

// ErrFilter is wrapped by what Load says of a filter that it cannot apply.
var ErrFilter = errors.New("filter cannot be applied")

const (
	filterTree = 1 << iota
	filterCgroup
	filterUID
	filterPrefix
	filterSuperblock
	filterFailed

	maxIDs      = 8
	maxPrefixes = 8
)

var lookups = []uapi.Type{
	uapi.FSStat, uapi.FSAccess, uapi.FSReadlink, uapi.FSGetxattr, uapi.FSListxattr, uapi.FSStatfs,
}

var modifications = []uapi.Type{
	uapi.FSCreate, uapi.FSDelete, uapi.FSWrite, uapi.FSRename, uapi.FSChmod, uapi.FSChown, uapi.FSTruncate,
	uapi.FSMkdir, uapi.FSRmdir, uapi.FSSymlink, uapi.FSHardlink, uapi.FSMknod, uapi.FSSetxattr,
	uapi.FSRemovexattr, uapi.FSUtimes, uapi.FSFallocate, uapi.FSMmapWrite, uapi.FSIoctl,
	uapi.SysMount, uapi.SysUnmount,
}

// types is what the filter lets through, as a set.
func (f *Filter) types() map[uapi.Type]bool {
	set := map[uapi.Type]bool{}
	for _, t := range f.Types {
		set[t] = true
	}
	if len(f.Types) == 0 {
		for _, t := range uapi.Types() {
			set[t] = true
		}
		for _, t := range lookups {
			delete(set, t)
		}
	}
	if f.ModifyOnly {
		kept := map[uapi.Type]bool{}
		for _, t := range modifications {
			if set[t] {
				kept[t] = true
			}
		}
		set = kept
	}
	return set
}

// check refuses what the kernel side has no room for.
func (f *Filter) check() error {
	switch {
	case len(f.PathPrefixes) > maxPrefixes:
		return fmt.Errorf("%w: %d path prefixes, at most %d fit; record a common parent", ErrFilter, len(f.PathPrefixes), maxPrefixes)
	case len(f.UIDs) > maxIDs:
		return fmt.Errorf("%w: %d users, at most %d fit", ErrFilter, len(f.UIDs), maxIDs)
	case len(f.Superblocks) > maxIDs:
		return fmt.Errorf("%w: %d filesystems, at most %d fit", ErrFilter, len(f.Superblocks), maxIDs)
	case len(f.types()) == 0:
		return fmt.Errorf("%w: it lets no type through", ErrFilter)
	}
	for _, p := range f.PathPrefixes {
		if !strings.HasPrefix(p, "/") || len(p) >= 4096 || strings.ContainsRune(p, 0) {
			return fmt.Errorf("%w: path prefix %q is not an absolute path", ErrFilter, p)
		}
	}
	return nil
}

// apply writes the filter into the programs' configuration.
func (f *Filter) apply(c *syscallDirectConfig) {
	for t := range f.types() {
		c.Wanted[t>>8&7][t>>6&3] |= 1 << (t & 63)
	}
	for i, p := range f.PathPrefixes {
		c.PrefixLen[i] = uint32(len(prefixBytes(p)))
		// The root is everywhere: its prefix is empty, so there is no filter.
		if c.PrefixLen[i] == 0 {
			c.PrefixLen = [maxPrefixes]uint32{}
			break
		}
		c.Filters |= filterPrefix
	}
	if c.PrefixLen == [maxPrefixes]uint32{} {
		c.Filters &^= filterPrefix
	}
	for i := range c.Uids {
		c.Uids[i] = ^uint32(0)
	}
	if n := copy(c.Uids[:], f.UIDs); n > 0 {
		c.Filters |= filterUID
	}
	for i, dev := range f.Superblocks {
		c.Devs[i] = unix.Major(dev)<<20 | unix.Minor(dev)
		c.Filters |= filterSuperblock
	}
	if f.CgroupID != 0 {
		c.Cgroup = f.CgroupID
		c.Filters |= filterCgroup
	}
	if len(f.TGIDTree) > 0 {
		c.Filters |= filterTree
	}
	if f.FailedToo {
		c.Filters |= filterFailed
	}
}

func prefixBytes(p string) string { return strings.TrimRight(p, "/") }
