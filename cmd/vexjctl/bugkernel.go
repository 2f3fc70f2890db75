// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// matters are the options that decide what can be captured.
var matters = regexp.MustCompile(`^(# )?CONFIG_(BPF\w*|DEBUG_INFO_BTF\w*|FTRACE\w*|FUNCTION_\w*|DYNAMIC_FTRACE\w*|HAVE_DYNAMIC_FTRACE\w*|` +
	`KPROBE\w*|KRETPROBES?|TRACEPOINTS|EVENT_TRACING|FPROBE|PERF_EVENTS|FUSE_\w*|IO_URING|MODULES|MODULE_SIG\w*|MODVERSIONS|MODULE_COMPRESS\w*|` +
	`SECURITY_LOCKDOWN\w*|LSM|CGROUPS|CGROUP_BPF|NAMESPACES|PREEMPT\w*|KALLSYMS\w*|OVERLAY_FS|KASAN|LOCKDEP|CC_IS\w*|GCC_VERSION)\b`)

func kernelConfig(context.Context) (any, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, err
	}
	release := unix.ByteSliceToString(u.Release[:])
	var missing error
	for _, name := range []string{"/proc/config.gz", "/boot/config-" + release, "/lib/modules/" + release + "/config"} {
		text, err := readConfig(name)
		if err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		out := fmt.Appendf(nil, "# of %s\n", name)
		for line := range bytes.Lines(text) {
			if matters.Match(line) {
				out = append(out, line...)
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("this kernel tells its options nowhere: %w", missing)
}

func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if filepath.Ext(name) == ".gz" {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return io.ReadAll(io.LimitReader(r, 16<<20))
}

// kernelSettings reads what there is; what there is not says that the kernel has no
// such thing.
func kernelSettings(context.Context) (any, error) {
	var out bytes.Buffer
	for _, name := range []string{
		"/proc/sys/kernel/kptr_restrict", "/proc/sys/kernel/perf_event_paranoid", "/proc/sys/kernel/unprivileged_bpf_disabled",
		"/proc/sys/kernel/io_uring_disabled", "/proc/sys/kernel/modules_disabled", "/proc/sys/kernel/ftrace_enabled", "/proc/sys/kernel/tainted",
		"/proc/sys/net/core/bpf_jit_enable", "/proc/sys/net/core/bpf_jit_harden", "/proc/sys/fs/protected_regular",
		"/sys/kernel/security/lockdown", "/sys/kernel/security/lsm", "/sys/kernel/debug/kprobes/enabled",
		"/sys/module/module/parameters/sig_enforce", "/sys/fs/cgroup/cgroup.controllers", "/proc/cmdline",
	} {
		text, err := os.ReadFile(name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			fmt.Fprintf(&out, "%s: not there\n", name)
		case err != nil:
			fmt.Fprintf(&out, "%s: %v\n", name, err)
		default:
			fmt.Fprintf(&out, "%s: %s\n", name, strings.TrimSpace(string(text)))
		}
	}
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	fmt.Fprintf(&out, "/sys/kernel/btf/vmlinux: %v\n", err == nil)
	return out.Bytes(), nil
}

// moduleFiles is what the module tells by files.
func moduleFiles(context.Context) (any, error) {
	names, err := filepath.Glob("/sys/module/vexj/parameters/*")
	if err != nil {
		return nil, err
	}
	more, err := filepath.Glob("/sys/class/misc/vexj/[hc]o*")
	if err != nil {
		return nil, err
	}
	if len(names)+len(more) == 0 {
		return "the module is not loaded\n", nil
	}
	var out bytes.Buffer
	var failed error
	for _, name := range append(names, more...) {
		text, err := os.ReadFile(name)
		failed = errors.Join(failed, err)
		fmt.Fprintf(&out, "== %s\n%s\n", name, bytes.TrimSpace(text))
	}
	return out.Bytes(), failed
}
