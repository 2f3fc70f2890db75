// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/bpf"
	"vexj/internal/conformance"
	"vexj/internal/tap"
)

// inside is the machine's part of a run.
type inside struct {
	sources     []source
	filesystems []filesystem
	module      string // to load first; "": none
	tests       string // the program that tests its device; "": it is not tested
	selftest    string // the module that it uses for that
	scripts     string // the program that tests vexjctl
	rows        string // which
	storm       int    // operations; 0: none
	out         io.Writer

	// lacking are the producers that this kernel need not take.
	lacking []string
}

func (in *inside) refuses(producer string) bool { return slices.Contains(in.lacking, producer) }

// A filesystem is a directory on one.
type filesystem struct{ name, dir string }

// parseFilesystems reads NAME=DIR,... An overlayfs has a filesystem's directory
// for its layers and is mounted there.
func parseFilesystems(s string) ([]filesystem, error) {
	var out []filesystem
	for part := range strings.SplitSeq(s, ",") {
		name, dir, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not NAME=DIRECTORY", part)
		}
		if name == "overlayfs" {
			var err error
			if dir, err = mountOverlay(dir); err != nil {
				return nil, err
			}
		}
		out = append(out, filesystem{name, dir})
	}
	return out, nil
}

func mountOverlay(dir string) (string, error) {
	at := filepath.Join(dir, "merged")
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return "", err
		}
	}
	options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", dir)
	if err := unix.Mount("overlay", at, "overlay", 0, options); err != nil {
		return "", fmt.Errorf("mounting an overlayfs: %w", err)
	}
	return at, nil
}

func (in *inside) run() error {
	if in.module != "" {
		if err := insmod(in.module); err != nil {
			return err
		}
	}
	err := in.table()
	if in.tests != "" {
		err = errors.Join(err, in.device())
	}
	if in.storm > 0 {
		err = errors.Join(err, in.storms())
	}
	return errors.Join(err, outcome{Row: done}.write(in.out))
}

// device runs the tests of the module's device but for the table, which has been
// run, and vexjctl's with the module. A test that is skipped is one that was not run.
func (in *inside) device() error {
	return errors.Join(
		in.program("(its device's tests)", in.tests, "-test.short", "-test.skip", "Conformance", "-test.timeout", "20m"),
		in.program("(vexjctl's script)", in.scripts, "-test.run", "TestScripts/^module$"),
	)
}

func (in *inside) program(row, path string, args ...string) error {
	o := outcome{Producer: "kmod", Row: row, Verdict: pass}
	cmd := exec.Command(path, append(args, "-test.v")...)
	cmd.Dir = filepath.Dir(path)
	cmd.Env = append(os.Environ(), "VEXJ_MODULE="+in.module, "VEXJ_SELFTEST="+in.selftest)
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("--- SKIP")) {
		o.Verdict, o.Why = failed, fmt.Sprintf("%v\n%s", err, out)
	}
	return o.write(in.out)
}

// A bench is the producers at work, and their taps.
type bench struct {
	names     []string
	producers []producer
	taps      []*tap.Tap
	coverage  [][]string // at the start
}

// open loads the producers. One that does not load is told, and left out.
func (in *inside) open() (*bench, error) {
	b := &bench{}
	for _, s := range in.sources {
		p, err := s.follower()
		if err == nil {
			var t *tap.Tap
			if t, err = tap.Open(p); err == nil {
				b.names, b.producers, b.taps = append(b.names, s.name), append(b.producers, p), append(b.taps, t)
				b.coverage = append(b.coverage, p.Coverage())
				continue
			}
			err = errors.Join(err, p.Close())
		}
		o := outcome{Producer: s.name, Row: "(loads)", Verdict: failed, Why: err.Error()}
		if errors.Is(err, bpf.ErrUnsupported) && in.refuses(s.name) {
			o.Verdict = none
		}
		if err := o.write(in.out); err != nil {
			return b, err
		}
	}
	return b, nil
}

func (b *bench) close() error {
	var errs []error
	for i, p := range b.producers {
		errs = append(errs, b.taps[i].Close(), p.Close())
	}
	return errors.Join(errs...)
}

// table runs the conformance table.
func (in *inside) table() (err error) {
	b, err := in.open()
	defer func() { err = errors.Join(err, b.close()) }()
	if err != nil || len(b.taps) == 0 {
		return err
	}
	var captures []conformance.Capture
	for _, t := range b.taps {
		captures = append(captures, t)
	}
	watching := false
	if slices.Contains(b.names, "kmod") {
		if watching, err = watchStack(); err != nil {
			return err
		}
	}
	for _, fs := range in.filesystems {
		var errs []error
		conformance.RunTogether(captures, fs.dir, in.rows, func(rs []conformance.Result) {
			for _, o := range judge(b.names, fs.name, rs) {
				errs = append(errs, o.write(in.out))
			}
		})
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	for i := range b.names {
		if err := b.account(i).write(in.out); err != nil {
			return err
		}
	}
	if watching {
		return judgeStack().write(in.out)
	}
	return nil
}

// account tells whether the producer lost anything, and what it turned out not to
// see.
func (b *bench) account(i int) outcome {
	o := outcome{Producer: b.names[i], Row: "(nothing lost)", Verdict: pass}
	var blind []string
	for _, line := range b.producers[i].Coverage() {
		if !slices.Contains(b.coverage[i], line) {
			blind = append(blind, line)
		}
	}
	if blind != nil {
		o.Verdict, o.Why = hole, strings.Join(blind, "\n")
	}
	if err := b.taps[i].Lost(); err != nil {
		o.Verdict, o.Why = failed, err.Error()
	}
	return o
}
