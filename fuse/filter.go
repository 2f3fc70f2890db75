// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"vexj/uapi"
)

// typeBound is above every type that there is.
const typeBound = 0x0900

// A filter is a uapi.Filter, ready to be asked. It does not change.
type filter struct {
	uapi.Filter
	wanted [typeBound]bool
	group  string // of CgroupID, from the root of the hierarchy
}

func newFilter(f *uapi.Filter) (*filter, error) {
	out := &filter{Filter: *f}
	for t := range f.Wanted() {
		if t < typeBound {
			out.wanted[t] = true
		}
	}
	for _, p := range f.PathPrefixes {
		if !filepath.IsAbs(p) {
			return nil, fmt.Errorf("%w: the path %q is not absolute", ErrFilter, p)
		}
	}
	if f.CgroupID != 0 {
		group, err := groupPath(f.CgroupID)
		if err != nil {
			return nil, err
		}
		out.group = group
	}
	return out, nil
}

// groupPath finds the control group of an id, which is the inode of its folder.
func groupPath(id uint64) (string, error) {
	const root = "/sys/fs/cgroup"
	found := ""
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // what cannot be read is none of ours
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Ino == id {
			found = strings.TrimPrefix(path, root)
			return fs.SkipAll
		}
		return nil
	})
	if err == nil && found == "" && id != groupID("") {
		err = fmt.Errorf("%w: no control group below %s has the id %d", ErrFilter, root, id)
	}
	return found, err
}

// wants says whether operations of a type can be wanted at all: what no one wants
// need not be looked at.
func (f *filter) wants(t uapi.Type) bool { return f.wanted[t] }

// passes says whether a record is wanted, all of its facts known.
func (f *filter) passes(ts *tasks, now int64, t *task, r *fact) bool {
	switch {
	case !f.wanted[r.typ], r.io.Result < 0 && !f.FailedToo:
		return false
	case len(f.UIDs) > 0 && !slices.Contains(f.UIDs, r.uid):
		return false
	case f.CgroupID != 0 && !below(t.cgroup, f.group):
		return false
	case len(f.Superblocks) > 0 && !slices.Contains(f.Superblocks, r.dev):
		return false
	case len(f.PathPrefixes) > 0 && !f.under(r.path) && !f.under(r.path2):
		return false
	}
	return len(f.TGIDTree) == 0 || ts.within(t, f.TGIDTree, now)
}

func (f *filter) under(path []byte) bool {
	return slices.ContainsFunc(f.PathPrefixes, func(p string) bool { return below(string(path), p) })
}

// below says whether path is top or lies below it.
func below(path, top string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(top, "/"))
	return ok && (rest == "" || rest[0] == '/')
}
