// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

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

// wants says whether operations of a type can be wanted at all: what no one wants
// need not be looked at.
func (f *filter) wants(t uapi.Type) bool { return f.wanted[t] }

// passes says whether a record is wanted, all of its facts known.
func (f *filter) passes(k *kinship, t *task, r *fact) bool {
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
	return len(f.TGIDTree) == 0 || k.within(t, f.TGIDTree)
}

func (f *filter) under(path []byte) bool {
	return slices.ContainsFunc(f.PathPrefixes, func(p string) bool { return below(string(path), p) })
}

// below says whether path is top or lies below it.
func below(path, top string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(top, "/"))
	return ok && (rest == "" || rest[0] == '/')
}
