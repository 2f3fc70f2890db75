// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
)

func main() {
	records := flag.Int("n", 1_000_000, "records of a round; there are 15 rounds")
	flag.Parse()
	if err := run(*records); err != nil {
		fmt.Fprintln(os.Stderr, "ringcore:", err)
		os.Exit(1)
	}
}

func run(records int) error {
	dir, err := os.MkdirTemp("", "ringcore")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := compile(dir, "bench.c", "-O2")
	if err != nil {
		return err
	}
	out, err := exec.Command(program, fmt.Sprint(records)).Output()
	if err != nil {
		return fmt.Errorf("measuring: %w%s", err, stderr(err))
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ns for a reserve and a commit\tthreads\tmedian\tlowest\thighest")
	for line := range strings.Lines(string(out)) {
		fmt.Fprint(w, line)
	}
	return w.Flush()
}

// compile makes a program of a file of kmod/testing, which includes the ring.
func compile(dir, source string, flags ...string) (program string, err error) {
	_, here, _, _ := runtime.Caller(0)
	sources := filepath.Join(filepath.Dir(here), "..", "..", "kmod", "testing")
	if _, err := os.Stat(sources); err != nil {
		// Built with -trimpath: then it is run from the tree.
		sources = filepath.Join("kmod", "testing")
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	program = filepath.Join(dir, strings.TrimSuffix(source, ".c"))
	args := append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-I", sources, "-pthread", "-o", program}, flags...)
	out, err := exec.Command(cc, append(args, filepath.Join(sources, source))...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compiling %s/%s (run this in vexj's tree; CC names a C compiler): %w\n%s", sources, source, err, out)
	}
	return program, nil
}

func stderr(err error) string {
	if e, ok := err.(*exec.ExitError); ok {
		return "\n" + string(bytes.TrimSpace(e.Stderr))
	}
	return ""
}
