// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// vfsFunction is a function of the kernel that the vfs set hooks.
type vfsFunction struct {
	name      string
	operation string
	programs  programs
	params    []string // what the program takes, in its order; see findParams
	types     []uapi.Type
	needs     string // another one that it does its work with
}

// programs are those that a function has.
type programs int

const (
	pair      programs = iota // at its entry and its exit; with fentry some have the latter only
	entryOnly                 // nothing is to be known at its exit
)

var (
	naming = []uapi.Type{
		uapi.FSCreate, uapi.FSMknod, uapi.FSMkdir, uapi.FSSymlink, uapi.FSDelete, uapi.FSRmdir, uapi.FSRename,
		uapi.FSHardlink, uapi.FSSetxattr, uapi.FSRemovexattr, uapi.FSTruncate, uapi.FSChmod, uapi.FSChown, uapi.FSUtimes,
	}
	opening = []uapi.Type{uapi.FSOpen, uapi.FSCreate, uapi.FSTruncate}
)

// vfsFunctions, what the others need first.
var vfsFunctions = []vfsFunction{
	{"mnt_want_write", "the mount of a name", entryOnly, []string{"*vfsmount"}, naming, ""},
	{"mnt_want_write_file", "the mount of a name", entryOnly, []string{"*file"}, naming, ""},
	{"io_issue_sqe", "io_uring", pair, []string{"*io_kiocb"}, nil, ""},

	{"vfs_create", "create", pair, []string{"*dentry"}, []uapi.Type{uapi.FSCreate}, ""},
	{"vfs_mknod", "mknod", pair, []string{"*dentry", "mode"}, []uapi.Type{uapi.FSMknod, uapi.FSCreate}, ""},
	{"vfs_mkdir", "mkdir", pair, []string{"*dentry"}, []uapi.Type{uapi.FSMkdir}, ""},
	{"vfs_symlink", "symlink", pair, []string{"*dentry", "*char"}, []uapi.Type{uapi.FSSymlink}, ""},
	{"vfs_unlink", "delete", pair, []string{"*dentry"}, []uapi.Type{uapi.FSDelete}, ""},
	{"vfs_rmdir", "rmdir", pair, []string{"*dentry"}, []uapi.Type{uapi.FSRmdir}, ""},
	{"vfs_link", "hardlink", pair, []string{"*dentry", "*dentry"}, []uapi.Type{uapi.FSHardlink}, ""},
	{"vfs_rename", "rename", pair, []string{"?*renamedata", "?*dentry", "?*dentry", "?flags"},
		[]uapi.Type{uapi.FSRename, uapi.FSDelete, uapi.FSRmdir}, ""},

	{"fd_install", "open", entryOnly, []string{"fd", "*file"}, opening, ""},
	{"do_filp_open", "open", pair, []string{"dfd", "*filename", "*open_flags"}, opening, "fd_install"},
	{"do_file_open", "open", pair, []string{"dfd", "*filename", "*open_flags"}, opening, "fd_install"},
	{"do_file_open_root", "open by handle", pair, []string{"*open_flags"}, opening, "fd_install"},
	{"file_open_name", "open by the kernel", pair, nil, opening, "fd_install"},
	{"filp_close", "close", pair, []string{"*file", "id"}, []uapi.Type{uapi.FSClose}, ""},

	{"vfs_read", "read", pair, []string{"*file", "count", "*loff_t"}, []uapi.Type{uapi.FSRead}, ""},
	{"vfs_write", "write", pair, []string{"*file", "count", "*loff_t"}, []uapi.Type{uapi.FSWrite}, ""},
	{"vfs_readv", "read of a vector", pair, []string{"*file", "*iovec", "vlen", "*loff_t"}, []uapi.Type{uapi.FSRead}, ""},
	{"vfs_writev", "write of a vector", pair, []string{"*file", "*iovec", "vlen", "*loff_t"}, []uapi.Type{uapi.FSWrite}, ""},
	{"vfs_iter_read", "read by the kernel", pair, []string{"*file", "*iov_iter", "*loff_t"}, []uapi.Type{uapi.FSRead}, ""},
	{"vfs_iter_write", "write by the kernel", pair, []string{"*file", "*iov_iter", "*loff_t"}, []uapi.Type{uapi.FSWrite}, ""},
	{"__kernel_read", "read by the kernel", pair, []string{"*file", "count", "*loff_t"}, []uapi.Type{uapi.FSRead}, ""},
	{"__kernel_write", "write by the kernel", pair, []string{"*file", "count", "*loff_t"}, []uapi.Type{uapi.FSWrite}, ""},
	{"vfs_copy_file_range", "copy_file_range", pair, []string{"*file", "*file", "pos_out", "len"}, []uapi.Type{uapi.FSWrite}, ""},
	{"vfs_clone_file_range", "clone", pair, []string{"*file", "*file", "pos_out", "len"}, []uapi.Type{uapi.FSWrite}, ""},
	{"do_splice_direct", "copy by the kernel", pair, []string{"*file", "*loff_t", "*file", "*loff_t", "len"},
		[]uapi.Type{uapi.FSWrite, uapi.FSRead}, ""},
	{"do_splice", "splice", pair, []string{"*file", "*loff_t", "*file", "*loff_t", "len"},
		[]uapi.Type{uapi.FSWrite, uapi.FSRead}, ""},
	{"aio_complete_rw", "io_submit", entryOnly, []string{"*kiocb", "res"}, []uapi.Type{uapi.FSRead, uapi.FSWrite}, ""},
	{"aio_read", "io_submit of a read", pair, []string{"*kiocb", "*iocb", "vectored"}, []uapi.Type{uapi.FSRead}, "aio_complete_rw"},
	{"aio_write", "io_submit of a write", pair, []string{"*kiocb", "*iocb", "vectored"}, []uapi.Type{uapi.FSWrite}, "aio_complete_rw"},
	{"vfs_fallocate", "fallocate", pair, []string{"*file", "mode", "offset", "len"}, []uapi.Type{uapi.FSFallocate}, ""},
	{"vfs_fsync_range", "fsync", pair, []string{"*file", "datasync"}, []uapi.Type{uapi.FSFsync}, ""},
	{"sync_file_range", "sync_file_range", pair, []string{"*file", "offset", "nbytes"}, []uapi.Type{uapi.FSFsync}, ""},

	{"chmod_common", "chmod", pair, []string{"*path"}, []uapi.Type{uapi.FSChmod}, ""},
	{"chown_common", "chown", pair, []string{"*path", "user", "group"}, []uapi.Type{uapi.FSChown}, ""},
	{"vfs_utimes", "utimes", pair, []string{"*path"}, []uapi.Type{uapi.FSUtimes}, ""},
	{"vfs_truncate", "truncate", pair, []string{"*path", "length"}, []uapi.Type{uapi.FSTruncate}, ""},
	{"do_ftruncate", "ftruncate", pair, []string{"*file", "length"}, []uapi.Type{uapi.FSTruncate}, ""},
	{"vfs_setxattr", "setxattr", pair, []string{"*dentry", "*char", "value", "size"}, []uapi.Type{uapi.FSSetxattr}, ""},
	{"vfs_removexattr", "removexattr", pair, []string{"*dentry", "*char"}, []uapi.Type{uapi.FSRemovexattr}, ""},
	{"notify_change", "attributes changed by the kernel", pair, []string{"*dentry", "*iattr"},
		[]uapi.Type{uapi.FSTruncate, uapi.FSChmod, uapi.FSChown, uapi.FSUtimes}, ""},

	{"vfs_getattr_nosec", "stat", pair, []string{"*path"}, []uapi.Type{uapi.FSStat}, ""},
	{"set_fs_pwd", "chdir", entryOnly, []string{"*path"}, []uapi.Type{uapi.FSChdir}, ""},
	{"path_mount", "mount", pair, []string{"dev_name", "*path"}, []uapi.Type{uapi.SysMount}, ""},
	{"path_umount", "unmount", pair, []string{"*path"}, []uapi.Type{uapi.SysUnmount}, ""},

	{"fault_dirty_shared_page", "write through a mapping", entryOnly, []string{"*vm_fault"}, []uapi.Type{uapi.FSMmapWrite}, ""},
	{"mprotect_fixup", "mprotect", pair, []string{"*vm_area_struct", "start", "end", "newflags"}, []uapi.Type{uapi.FSMmapWrite}, ""},
}

// otherName is what a function is called by newer or older kernels.
var otherName = map[string]string{
	"do_filp_open": "do_file_open",
	"do_file_open": "do_filp_open",
}

// noCall are the functions whose operations no code of the syscall set does in
// their stead.
var noCall = []string{
	"mnt_want_write", "mnt_want_write_file", "aio_complete_rw", "aio_read", "aio_write",
	"fault_dirty_shared_page", "mprotect_fixup",
}

// hooks are what the function's programs are attached to.
func (f *vfsFunction) hooks() []hookSpec {
	entry := hookSpec{
		program: "enter_" + f.name, operation: f.operation, optional: true,
		function: f.name, types: f.types,
	}
	if !slices.Contains(noCall, f.name) {
		entry.operation += " other than by a system call"
	}
	exit := entry
	exit.program, exit.exit = "exit_"+f.name, true
	if f.programs == entryOnly {
		return []hookSpec{entry}
	}
	return []hookSpec{entry, exit}
}

func vfsHooks() []hookSpec {
	var out []hookSpec
	for _, h := range syscallSet.hooks {
		if h.operation != victims {
			out = append(out, h)
		}
	}
	for i := range vfsFunctions {
		out = append(out, vfsFunctions[i].hooks()...)
	}
	return out
}

var vfsSet = set{
	name:     "vfs",
	producer: uapi.ProducerBPFVFS,
	variants: []variant{
		{"fentry with " + plainLoads, loadVfsDirect, takesTrampolines, true},
		{"fentry with helper calls", loadVfsRead, takesTrampolines, true},
		{"kprobes with helper calls", loadVfsProbe, takesKprobes, false},
	},
	hooks:  vfsHooks(),
	holes:  vfsHoles,
	rows:   vfsRows,
	remedy: "a kernel with BTF (CONFIG_DEBUG_INFO_BTF), 5.17 or newer, that takes fentry programs or kprobes",
	trim:   trimVFS,
}

var vfsRows = []string{
	"stat and access by a short link", // on xfs and btrfs
	"chdir and statfs by a short link",
	"extended attributes by a short link",
	"stat and access by a long link",
	"chdir and statfs by a long link",
	"extended attributes by a long link",
}

var vfsHoles = []string{
	"calls of 32-bit processes that fail before they come upon a file, and those that no function is hooked for",
	"lookups by parts of the kernel: stat, access, readdir, locks",
	"closes by exit and exec",
}

// trimVFS takes out the functions that this kernel does not have, and tells the
// others' programs where in the prototype their parameters are.
func trimVFS(spec *ebpf.CollectionSpec, hooks []hookSpec) (map[string]string, error) {
	isFunction := func(h hookSpec) bool { return h.function != "" }
	missing, err := trimSyscall(spec, slices.DeleteFunc(slices.Clone(hooks), isFunction))
	if err != nil {
		return nil, err
	}
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, err
	}
	placed := map[string]bool{}
	for i := range vfsFunctions {
		f := &vfsFunctions[i]
		entry, exit := spec.Programs["enter_"+f.name], spec.Programs["exit_"+f.name]
		if entry == nil && exit == nil {
			continue // nothing of it is wanted
		}
		params, err := findParams(kernel, f.name, f.params)
		switch {
		case f.needs != "" && !placed[f.needs]:
			err = fmt.Errorf("%w: %s", errNeeds, f.needs)
		case errors.Is(err, errNoFunction) && isFunctionOf(kernel, otherName[f.name]):
			f.drop(spec)
			continue
		}
		if err != nil {
			f.drop(spec)
			missing["enter_"+f.name] = err.Error()
			continue
		}
		if err := spec.Variables["params_"+f.name].Set(params); err != nil {
			return nil, err
		}
		placed[f.name] = true
	}
	keepHooks(spec, hooks)
	return missing, spec.Variables["shown"].Set(shown(spec, kernel, placed))
}

// drop takes the function's programs out.
func (f *vfsFunction) drop(spec *ebpf.CollectionSpec) {
	delete(spec.Programs, "enter_"+f.name)
	delete(spec.Programs, "exit_"+f.name)
}

// keepHooks takes out the programs that no hook of the set is for.
func keepHooks(spec *ebpf.CollectionSpec, hooks []hookSpec) {
	for name := range spec.Programs {
		if _, ok := primary(name); !ok && name != "vexj_walk" && !slices.ContainsFunc(hooks, func(h hookSpec) bool { return h.program == name }) {
			delete(spec.Programs, name)
		}
	}
}

// shown tells which shapes of calls have their object shown by a hook while they
// run, so that nothing of it need be kept at their entry.
func shown(spec *ebpf.CollectionSpec, kernel *btf.Spec, placed map[string]bool) uint32 {
	var calls [512]syscallDirectCall
	if err := spec.Variables["calls"].Get(&calls); err != nil {
		return 0
	}
	var mask uint32
	if placed["vfs_unlink"] && placed["vfs_rmdir"] {
		mask |= 1 << calls[unix.SYS_UNLINK].Shape
	}
	if placed["vfs_rename"] {
		mask |= 1 << calls[unix.SYS_RENAME].Shape
	}
	if placed["filp_close"] {
		mask |= 1<<calls[unix.SYS_DUP3].Shape | 1<<calls[unix.SYS_CLOSE_RANGE].Shape
		// Since 6.6 close(2) does its own.
		var flush *btf.Func
		if errors.Is(kernel.TypeByName("filp_flush", &flush), btf.ErrNotFound) {
			mask |= 1 << calls[unix.SYS_CLOSE].Shape
		}
	}
	return mask
}
