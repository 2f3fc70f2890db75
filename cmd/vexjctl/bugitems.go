// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"vexj/cmd/internal/bugreport"
	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/status"
	"vexj/cmd/internal/version"
	"vexj/internal/render"
	"vexj/uapi"
	"vexj/userjournal"
)

// items are what is collected, in the order of the archive.
func (b *bugtool) items() []bugreport.Item {
	items := []bugreport.Item{
		{Name: "version.txt", What: "versions of vexj, its modules and this machine", Collect: versions},
		{Name: "doctor.json", What: "what can be captured here", Collect: b.doctor},
		{Name: "kernel-config.txt", What: "the kernel's options that matter", Collect: kernelConfig},
		{Name: "kernel-settings.txt", What: "settings of the kernel that matter, its command line", Foreign: true, Collect: kernelSettings},
		{Name: "recorders.json", What: "recorders: producer, counters, drops by cause and CPU, hooks, filter", Collect: recorders},
		{Name: "processes.txt", What: "recorders: command line, memory, capabilities, limits", Foreign: true, Collect: recorderProcesses},
		{Name: "module.txt", What: "the kernel module: parameters, counters, hooks", Collect: moduleFiles},
		{Name: "journal-files.txt", What: "files of the journal, room on its disk", Collect: b.journalFiles},
		{Name: "journal-ls.json", What: "segments of the journal", Collect: b.journalLs},
		{Name: "journal-stat.json", What: "records by type, and what was lost", Collect: b.journalStat},
		{Name: "journal-verify.json", What: "whether the journal verifies, the accounts of its runs", Collect: b.journalVerify},
		{Name: "policy.txt", What: "who may do what", Foreign: true, Collect: policy},
		{Name: "units.txt", What: "units, drop-ins and flags", Foreign: true, Collect: units},
		{Name: "units-status.txt", What: "state of the units", Foreign: true, Collect: unitStatus},
		{Name: "errors.txt", What: "last messages of the units, and of the kernel about vexj", Foreign: true, Collect: lastMessages},
		{Name: "mounts.txt", What: "mounts of vexj, and of the journal's disk", Foreign: true, Collect: b.mounts},
	}
	if b.records > 0 {
		items = append(items, bugreport.Item{Name: "records.ndjson", What: "the last records of the journal, as asked", Foreign: true, Collect: b.lastRecords})
	}
	return items
}

func versions(ctx context.Context) (any, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "vexjctl %s, %s %s/%s\n", version.String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	daemon, err := exec.LookPath("vexjd")
	if err == nil {
		var text []byte
		text, err = exec.CommandContext(ctx, daemon, "--version").CombinedOutput()
		fmt.Fprintf(&out, "%s: %s", daemon, text)
	}
	if text, err := os.ReadFile("/sys/module/vexj/version"); err == nil {
		fmt.Fprintf(&out, "module vexj %s", text)
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		fmt.Fprintf(&out, "%s %s %s %s, %d CPUs\n", unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]),
			unix.ByteSliceToString(u.Version[:]), unix.ByteSliceToString(u.Machine[:]), runtime.NumCPU())
	}
	if text, readErr := os.ReadFile("/etc/os-release"); readErr == nil {
		out.Write(text)
	} else {
		err = errors.Join(err, readErr)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			fmt.Fprintf(&out, "%s %s\n", m.Path, m.Version)
		}
	}
	return out.Bytes(), err
}

func policy(context.Context) (any, error) {
	text, err := os.ReadFile(place.Policy())
	if errors.Is(err, os.ErrNotExist) {
		return "there is no " + place.Policy() + ": root and the recorder's user may do everything, nobody else anything\n", nil
	}
	return text, err
}

func (b *bugtool) doctor(ctx context.Context) (any, error) {
	all := append(ladder(ctx), journalFinding(b.journal))
	if b.noTrial {
		return all, nil
	}
	lines, failed := canary(ctx, capture.Options{Program: "vexjctl bugtool", Producer: "auto"})
	return append(all, canaryFinding(lines, failed)), nil
}

func recorders(context.Context) (any, error) {
	all, err := producers()
	if errors.Is(err, status.ErrNone) && len(all) == 0 {
		return []status.Snapshot{}, err
	}
	return all, err
}

// recorderProcesses looks at those that answer.
func recorderProcesses(context.Context) (any, error) {
	all, err := status.Read(place.Run())
	var out bytes.Buffer
	for i := range all {
		dir := fmt.Sprintf("/proc/%d/", all[i].PID)
		cmdline, readErr := os.ReadFile(dir + "cmdline")
		err = errors.Join(err, readErr)
		fmt.Fprintf(&out, "== %d: %s\n", all[i].PID, bytes.ReplaceAll(bytes.TrimRight(cmdline, "\x00"), []byte{0}, []byte{' '}))
		text, readErr := os.ReadFile(dir + "status")
		err = errors.Join(err, readErr)
		for line := range strings.Lines(string(text)) {
			name, _, _ := strings.Cut(line, ":")
			if slices.Contains([]string{"State", "Uid", "VmPeak", "VmHWM", "VmRSS", "VmSwap", "Threads", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"}, name) {
				out.WriteString(line)
			}
		}
		text, readErr = os.ReadFile(dir + "limits")
		err = errors.Join(err, readErr)
		out.Write(text)
	}
	return out.Bytes(), err
}

func (b *bugtool) journalFiles(context.Context) (any, error) {
	dirs, err := userjournal.ShardDirs(b.journal)
	if err != nil {
		dirs = []string{b.journal}
	}
	var out bytes.Buffer
	for _, dir := range dirs {
		var fs unix.Statfs_t
		if statErr := unix.Statfs(dir, &fs); statErr == nil {
			fmt.Fprintf(&out, "== %s: filesystem %#x, %s of %s free\n", dir, fs.Type,
				capture.Size(fs.Bavail*uint64(fs.Bsize)), capture.Size(fs.Blocks*uint64(fs.Bsize)))
		}
		files, readErr := os.ReadDir(dir)
		err = errors.Join(err, readErr)
		t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		for _, f := range files {
			if info, infoErr := f.Info(); infoErr == nil {
				fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", info.Mode(), info.Size(), info.ModTime().UTC().Format(time.RFC3339), f.Name())
			}
		}
		_ = t.Flush() // into memory
	}
	return out.Bytes(), err
}

// opened calls fn with the journal.
func (b *bugtool) opened(fn func(r *userjournal.Set) (any, error)) (v any, err error) {
	r, err := openJournal(b.journal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return fn(r)
}

func (b *bugtool) journalLs(context.Context) (any, error) {
	return b.opened(func(r *userjournal.Set) (any, error) {
		all := []listed{}
		var failed error
		for i, shard := range r.Shards() {
			failed = errors.Join(failed, shard.Segments(func(s userjournal.SegmentInfo) error {
				l := newListed(s)
				if len(r.Shards()) > 1 {
					l.Name = filepath.Join(r.Dirs()[i], l.Name)
				}
				all = append(all, l)
				return s.Err
			}))
		}
		return all, failed
	})
}

// journalStat leaves out whatever the journal names.
func (b *bugtool) journalStat(context.Context) (any, error) {
	return b.opened(func(r *userjournal.Set) (any, error) {
		s, err := newSummary(b.journal, r, 0)
		if err != nil {
			return nil, err
		}
		s.Programs, s.Processes, s.Paths = nil, nil, nil
		return s, s.damage
	})
}

func (b *bugtool) journalVerify(context.Context) (any, error) {
	return b.opened(func(r *userjournal.Set) (any, error) {
		v, err := newJudgement(b.journal, r, userjournal.Evidence{})
		if err != nil {
			return nil, err
		}
		return v, v.err(true)
	})
}

func (b *bugtool) lastRecords(context.Context) (any, error) {
	return b.opened(func(r *userjournal.Set) (any, error) {
		object := render.NewObject()
		var lines [][]byte
		err := r.Scan(userjournal.ScanOptions{Reverse: true}, func(ordinal uint64, rec uapi.Record) error {
			lines = append(lines, append(object.Append(nil, entry(r, ordinal, rec)), '\n'))
			if len(lines) == b.records {
				return userjournal.ErrStop
			}
			return nil
		})
		slices.Reverse(lines)
		return bytes.Join(lines, nil), err
	})
}

func (b *bugtool) mounts(context.Context) (any, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	home, _ := filepath.Abs(b.journal)
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if strings.Contains(line, "vexj") || len(fields) > 4 && strings.HasPrefix(home, fields[4]) {
			out.WriteString(line)
		}
	}
	return out.Bytes(), nil
}

var theUnits = []string{"vexjd.service", "vexjd.socket", "vexj-module.service"}

func units(ctx context.Context) (any, error) {
	out, err := said(ctx, "systemctl", append([]string{"--no-pager", "cat"}, theUnits...)...)
	for _, name := range []string{"/etc/default/vexjd", "/etc/default/vexj-module"} {
		if text, readErr := os.ReadFile(name); readErr == nil {
			out = fmt.Appendf(out, "\n# %s\n%s", name, text)
		}
	}
	return out, err
}

func unitStatus(ctx context.Context) (any, error) {
	return said(ctx, "systemctl", append([]string{"--no-pager", "show", "-p",
		"Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,ExecMainStatus,ExecMainStartTimestamp,StatusText,MemoryCurrent,DropInPaths"}, theUnits...)...)
}

func lastMessages(ctx context.Context) (any, error) {
	args := []string{"--no-pager", "--no-hostname", "-o", "short-iso", "-n", "500"}
	for _, unit := range theUnits {
		args = append(args, "-u", unit)
	}
	out, err := said(ctx, "journalctl", args...)
	kernel, kernelErr := said(ctx, "dmesg")
	for line := range bytes.Lines(kernel) {
		if bytes.Contains(line, []byte("vexj")) {
			out = append(out, line...)
		}
	}
	return out, errors.Join(err, kernelErr)
}

// said is what a program prints, in no language in particular.
func said(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		text, _, _ := strings.Cut(strings.TrimSpace(complaint.String()), "\n")
		err = fmt.Errorf("%s: %w", strings.TrimSpace(name+" "+strings.Join(args[:min(2, len(args))], " ")), cmp.Or(exitText(err, text), err))
	}
	return out, err
}

func exitText(err error, complaint string) error {
	if complaint == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", err, strconv.QuoteToGraphic(complaint))
}
