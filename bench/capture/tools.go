// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A tool records the calls of a process; attach returns when it does, and stop
// ends it and says how many records it made.
type tool struct {
	name   string
	attach func(j job, pid int, dir string) (stop func() (string, error), err error)
}

var tools = []tool{
	{"none", func(job, int, string) (func() (string, error), error) {
		return func() (string, error) { return "", nil }, nil
	}},
	{"vexj", attachPrograms},
	{"kmod", attachModule},
	{"perf", attachPerf},
	{"bpftrace", attachBpftrace},
	{"lttng", attachLTTng},
	{"auditd", attachAuditd},
}

func attachPerf(j job, pid int, dir string) (func() (string, error), error) {
	args := []string{"record", "-q", "-o", filepath.Join(dir, "perf.data"), "-m", "4096", "-p", fmt.Sprint(pid)}
	for _, c := range j.calls {
		args = append(args, "-e", "syscalls:sys_enter_"+c, "-e", "syscalls:sys_exit_"+c)
	}
	cmd := exec.Command("perf", args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	time.Sleep(1500 * time.Millisecond) // perf does not say when it has begun
	return func() (string, error) {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			return "", err
		}
		cmd.Wait() // ends by the signal
		st, err := os.Stat(filepath.Join(dir, "perf.data"))
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d MB", st.Size()>>20), nil
	}, nil
}

func attachBpftrace(j job, pid int, dir string) (func() (string, error), error) {
	var prog strings.Builder
	prog.WriteString("BEGIN { printf(\"ready\\n\"); } ")
	for _, c := range j.calls {
		enter := map[string]string{
			"pwrite64":   `printf("%llu %d %d pwrite %d %llu %lld\n", nsecs, pid, tid, args->fd, args->count, args->pos)`,
			"openat":     `printf("%llu %d %d openat %d %s %d\n", nsecs, pid, tid, args->dfd, str(args->filename), args->flags)`,
			"close":      `printf("%llu %d %d close %d\n", nsecs, pid, tid, args->fd)`,
			"rename":     `printf("%llu %d %d rename %s %s\n", nsecs, pid, tid, str(args->oldname), str(args->newname))`,
			"newfstatat": `printf("%llu %d %d stat %d %s\n", nsecs, pid, tid, args->dfd, str(args->filename))`,
		}[c]
		fmt.Fprintf(&prog, "tracepoint:syscalls:sys_enter_%s /pid == %d/ { %s; } ", c, pid, enter)
		fmt.Fprintf(&prog, "tracepoint:syscalls:sys_exit_%s /pid == %d/ { printf(\"%%llu %%d = %%d\\n\", nsecs, tid, args->ret); } ", c, pid)
	}
	out := filepath.Join(dir, "bpftrace.out")
	cmd := exec.Command("bpftrace", "-o", out, "-e", prog.String())
	cmd.Env = append(os.Environ(), "BPFTRACE_PERF_RB_PAGES=4096")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		if st, err := os.Stat(out); err == nil && st.Size() > 0 {
			break
		}
	}
	time.Sleep(500 * time.Millisecond)
	return func() (string, error) {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			return "", err
		}
		cmd.Wait() // ends by the signal
		st, err := os.Stat(out)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d MB", st.Size()>>20), nil
	}, nil
}
