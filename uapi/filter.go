// SPDX-License-Identifier: Apache-2.0

package uapi

// A Filter says, in the kernel, what is recorded. Its conditions must all hold;
// several values of one condition are alternatives; an empty condition holds.
// What it leaves out is counted as filtered, and is no loss.
type Filter struct {
	// PathPrefixes are absolute paths of files or directories; a directory
	// stands for all below it. A record of two paths passes if either does.
	PathPrefixes []string `json:"paths,omitempty"`

	// Types to record; empty means all but the lookups (stat, access,
	// readlink, getxattr, listxattr, statfs).
	Types []Type `json:"types,omitempty"`

	ModifyOnly  bool     `json:"modify_only,omitempty"` // only types that leave something changed
	FailedToo   bool     `json:"failed,omitempty"`      // also operations that failed
	CgroupID    uint64   `json:"cgroup,omitempty"`      // this control group (of the v2 hierarchy) and those below it
	TGIDTree    []uint32 `json:"pid_tree,omitempty"`    // these processes and their descendants
	UIDs        []uint32 `json:"uids,omitempty"`        // filesystem user ids
	Superblocks []uint64 `json:"filesystems,omitempty"` // st_dev of filesystems
}

var lookups = []Type{FSStat, FSAccess, FSReadlink, FSGetxattr, FSListxattr, FSStatfs}

var modifications = []Type{
	FSCreate, FSDelete, FSWrite, FSRename, FSChmod, FSChown, FSTruncate,
	FSMkdir, FSRmdir, FSSymlink, FSHardlink, FSMknod, FSSetxattr,
	FSRemovexattr, FSUtimes, FSFallocate, FSMmapWrite, FSIoctl,
	SysMount, SysUnmount,
}

// Wanted is what Types and ModifyOnly let through, as a set.
func (f *Filter) Wanted() map[Type]bool {
	set := map[Type]bool{}
	for _, t := range f.Types {
		set[t] = true
	}
	if len(f.Types) == 0 {
		for _, t := range Types() {
			set[t] = true
		}
		for _, t := range lookups {
			delete(set, t)
		}
	}
	if f.ModifyOnly {
		kept := map[Type]bool{}
		for _, t := range modifications {
			if set[t] {
				kept[t] = true
			}
		}
		set = kept
	}
	return set
}
