// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// native is the running kernel.
const native = "native"

// patience is how long a machine may take for all that it has to do, in seconds.
const patience = 3000

// errFailed: what failed has been told.
var errFailed = errors.New("the matrix is not green")

// matrix is what is to be run, and what has come of it.
type matrix struct {
	kernels, producers []string
	filesystems, rows  string
	storm              int
	machines           int // at a time
	verbose            bool

	mu       sync.Mutex
	outcomes []outcome
}

func (m *matrix) run(ctx context.Context) error {
	if _, err := pick(m.producers); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "vexj-matrix")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if m.tested() {
		for _, args := range [][]string{{deviceTests, "./kmod/kmodtest"}, {scriptTests, "./cmd/vexjctl"}} {
			if err := step(ctx, cmp.Or(os.Getenv("GO"), "go"), append([]string{"test", "-c", "-o"}, args...)...); err != nil {
				return err
			}
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, m.machines)
	for _, kernel := range m.kernels {
		slots <- struct{}{}
		wg.Go(func() {
			m.one(ctx, kernel, work)
			<-slots
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return m.report(os.Stdout)
}

// What tests the module's device, and vexjctl with the module.
const (
	deviceTests = "build/kmod.test"
	scriptTests = "build/vexjctl.test"
	script      = "testdata/script/module.txtar"
)

// tested says whether these run, too.
func (m *matrix) tested() bool { return m.rows == "" && slices.Contains(m.producers, "kmod") }

// one runs a kernel.
func (m *matrix) one(ctx context.Context, kernel, work string) {
	cmd, err := m.machine(ctx, kernel, work)
	if err == nil {
		err = m.collect(cmd, kernel)
	}
	if err != nil {
		m.take(outcome{kernel: kernel, Row: "(runs)", Verdict: failed, Why: err.Error()})
	}
}

// step runs a command of the repository's.
func step(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%v: %w", cmd, err)
	}
	return nil
}

// machine is the command that runs the other copy on a kernel.
func (m *matrix) machine(ctx context.Context, kernel, work string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"-inside", "-lacking", refused(kernel), "-run", m.rows, "-storm", strconv.Itoa(m.storm)}
	if kernel == native {
		// Nothing is loaded into it that could bring it down; and it may be any.
		producers := slices.DeleteFunc(slices.Clone(m.producers), func(p string) bool { return p == "kmod" })
		args = append(args, "-producers", strings.Join(producers, ","), "-filesystems", "here="+work)
		return exec.CommandContext(ctx, self, args...), nil
	}
	filesystems := m.filesystems
	if filesystems == "" {
		filesystems = "ext4,xfs,btrfs,tmpfs,overlayfs"
	}
	vm := []string{"-t", strconv.Itoa(patience)}
	var dirs []string
	for name := range strings.SplitSeq(filesystems, ",") {
		switch name {
		case "xfs", "btrfs":
			vm = append(vm, "-d", name)
			fallthrough
		case "ext4":
			dirs = append(dirs, name+"=/mnt/"+name)
		case "tmpfs":
			dirs = append(dirs, name+"=/tmp")
		case "overlayfs":
			dirs = append(dirs, name+"=/mnt/ext4/layers")
		default:
			return nil, fmt.Errorf("no filesystem %q: say ext4, xfs, btrfs, tmpfs or overlayfs", name)
		}
	}
	if slices.Contains(m.producers, "kmod") {
		files, err := m.build(ctx, kernel)
		if err != nil {
			return nil, err
		}
		for _, flag := range slices.Sorted(maps.Keys(files)) {
			vm = append(vm, "-f", files[flag])
			args = append(args, flag, "/vexj/"+filepath.Base(files[flag]))
		}
		if m.tested() {
			vm = append(vm, "-f", "cmd/vexjctl/"+script+":/vexj/"+script)
		}
	}
	args = append(args, "-producers", strings.Join(m.producers, ","), "-filesystems", strings.Join(dirs, ","))
	cmd := exec.CommandContext(ctx, "scripts/vm.sh", slices.Concat(vm, []string{kernel, self}, args)...)
	// It has a machine to end.
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	return cmd, nil
}

// build makes the module for a kernel and holds it to its promise about the stack. It
// returns the files that the machine needs, by the flag that takes each.
func (m *matrix) build(ctx context.Context, kernel string) (map[string]string, error) {
	built := filepath.Join("build/kmod", kernel)
	if err := step(ctx, "scripts/kmod-build.sh", kernel); err != nil {
		return nil, err
	}
	if err := step(ctx, "scripts/stack.sh", built); err != nil {
		return nil, err
	}
	files := map[string]string{"-module": filepath.Join(built, "vexj.ko")}
	if m.tested() {
		files["-selftest"] = filepath.Join(built, "vexj_selftest.ko")
		files["-tests"], files["-scripts"] = deviceTests, scriptTests
	}
	return files, nil
}

// collect runs the command and takes its outcomes.
func (m *matrix) collect(cmd *exec.Cmd, kernel string) error {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	whole, err := m.read(out, kernel)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return err
	}
	if !whole {
		return errors.New("it ended before it was done")
	}
	return nil
}

// read takes outcomes up to the one that says that there are no more.
func (m *matrix) read(r io.Reader, kernel string) (whole bool, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		o := outcome{kernel: kernel}
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return false, fmt.Errorf("%q is no outcome: %w", lines.Bytes(), err)
		}
		if o.Row == done {
			whole = true
			continue
		}
		if o.Verdict == skip && !known(kernel, o) {
			o.Verdict, o.Why = failed, "it was skipped, and skips.go knows no reason why it should be: "+o.Why
		}
		m.take(o)
	}
	return whole, lines.Err()
}

func (m *matrix) take(o outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outcomes = append(m.outcomes, o)
	if m.verbose || o.Verdict == failed {
		fmt.Fprintf(os.Stderr, "%s %s %s %s: %s\n", o.Verdict, o.kernel, o.Producer, o.Filesystem, o.Row)
		if o.Why != "" {
			fmt.Fprintf(os.Stderr, "\t%s\n", strings.ReplaceAll(o.Why, "\n", "\n\t"))
		}
	}
}
