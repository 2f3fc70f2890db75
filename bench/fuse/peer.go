// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A peer is a way to show a folder.
type peer struct {
	name    string
	command func(source, target string) *exec.Cmd // in the foreground; nil: the folder itself
}

// peers are those that are installed; what has to be built is put into base.
func peers(base string) ([]peer, error) {
	vexjctl, loopback := *keep, filepath.Join(base, "loopback")
	if vexjctl == "" {
		vexjctl = filepath.Join(base, "vexjctl")
		if err := build(vexjctl, "vexj/cmd/vexjctl"); err != nil {
			return nil, err
		}
	}
	if err := build(loopback, "github.com/hanwen/go-fuse/v2/example/loopback"); err != nil {
		return nil, err
	}
	vexj := func(mode string) func(source, target string) *exec.Cmd {
		return func(source, target string) *exec.Cmd {
			return exec.Command(vexjctl, "mount", "--data", mode, "--journal", target+".journal", source, target)
		}
	}
	all := []peer{
		{"native", nil},
		{"loopback", func(s, t string) *exec.Cmd { return exec.Command(loopback, t, s) }},
		// For all users, and so with permissions checked by the kernel, as vexj's are.
		{"loopback-all", func(s, t string) *exec.Cmd { return exec.Command(loopback, "-allow-other", t, s) }},
		{"bindfs", installed("bindfs", func(s, t string) []string { return []string{"-f", s, t} })},
		{"passthrough_hp", installed("passthrough_hp", func(s, t string) []string { return []string{"--foreground", s, t} })},
		{"vexj", vexj("all")},
		{"vexj-close", vexj("close")},
	}
	var out []peer
	for _, p := range all {
		if wanted(*which, p.name) && (p.name == "native" || p.command != nil) {
			out = append(out, p)
		}
	}
	return out, nil
}

func build(to, what string) error {
	if out, err := exec.Command("go", "build", "-o", to, what).CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", what, err, out)
	}
	return nil
}

func installed(program string, args func(s, t string) []string) func(source, target string) *exec.Cmd {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil
	}
	return func(s, t string) *exec.Cmd { return exec.Command(path, args(s, t)...) }
}

// A mount is a peer at work; at is where its folder is seen.
type mount struct {
	at      string
	source  string
	process *exec.Cmd
}

func (p *peer) mount(base string) (*mount, error) {
	root, err := os.MkdirTemp(base, p.name+"-")
	if err != nil {
		return nil, err
	}
	m := &mount{source: filepath.Join(root, "source"), at: filepath.Join(root, "mount")}
	for _, d := range []string{m.source, m.at} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return nil, err
		}
	}
	if p.command == nil {
		m.at = m.source
		return m, nil
	}
	var before, now unix.Stat_t
	if err := unix.Stat(m.at, &before); err != nil {
		return nil, err
	}
	m.process = p.command(m.source, m.at)
	if err := m.process.Start(); err != nil {
		return nil, err
	}
	for range 500 {
		if unix.Stat(m.at, &now) == nil && now.Dev != before.Dev {
			return m, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s did not mount within 5 seconds", p.name)
}

func (m *mount) end() error {
	if m.process == nil {
		return nil
	}
	if err := unix.Unmount(m.at, unix.MNT_DETACH); err != nil {
		return err
	}
	return m.process.Wait()
}

// spent is the processor time of the server so far, and the most memory it had.
func (m *mount) spent() (cpu time.Duration, peak string) {
	if m.process == nil {
		return 0, ""
	}
	dir := "/proc/" + strconv.Itoa(m.process.Process.Pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return 0, ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, i := range []int{11, 12} {
		ticks, _ := strconv.Atoi(fields[i])
		cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	status, _ := os.ReadFile(dir + "/status")
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			peak = strings.TrimSpace(v)
		}
	}
	return cpu, peak
}
