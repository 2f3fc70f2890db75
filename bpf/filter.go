// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

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

// checkFilter refuses what the kernel side has no room for.
func checkFilter(f *uapi.Filter) error {
	switch {
	case len(f.PathPrefixes) > maxPrefixes:
		return fmt.Errorf("%w: %d path prefixes, at most %d fit; record a common parent", ErrFilter, len(f.PathPrefixes), maxPrefixes)
	case len(f.UIDs) > maxIDs:
		return fmt.Errorf("%w: %d users, at most %d fit", ErrFilter, len(f.UIDs), maxIDs)
	case len(f.Superblocks) > maxIDs:
		return fmt.Errorf("%w: %d filesystems, at most %d fit", ErrFilter, len(f.Superblocks), maxIDs)
	case len(f.Wanted()) == 0:
		return fmt.Errorf("%w: it lets no type through", ErrFilter)
	}
	for _, p := range f.PathPrefixes {
		if !strings.HasPrefix(p, "/") || len(p) >= 4096 || strings.ContainsRune(p, 0) {
			return fmt.Errorf("%w: path prefix %q is not an absolute path", ErrFilter, p)
		}
	}
	return nil
}

// applyFilter writes the filter into the programs' configuration.
func applyFilter(f *uapi.Filter, c *syscallDirectConfig) {
	for t := range f.Wanted() {
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
