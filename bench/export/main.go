// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"
)

var (
	dir    = flag.String("dir", "", "`folder` of the journal; without it one of a million records")
	rounds = flag.Int("rounds", 3, "`times` that each format is measured")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}

// A way out of the journal; the arguments may have %s, which is a name that is free.
type way struct {
	name string
	args []string
	took []figures
}

type figures struct {
	wall, cpu time.Duration
	resident  int64 // KiB
}

func run() error {
	base, err := os.MkdirTemp("/var/tmp", "vexj-export")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	ctl := filepath.Join(base, "vexjctl")
	if out, err := exec.Command("go", "build", "-o", ctl, "./cmd/vexjctl").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if *dir == "" {
		*dir = filepath.Join(base, "journal")
		fill := exec.Command("go", "run", "./bench/read", "-records", "1000000", "-dir", *dir, "-only", "none")
		if out, err := fill.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	url, err := receiver()
	if err != nil {
		return err
	}
	ways := []*way{
		{name: "log -o ndjson", args: []string{"log", "-o", "ndjson"}},
		{name: "parquet", args: []string{"export", "--to", "parquet:%s"}},
		{name: "otlp", args: []string{"export", "--to", "otlp:" + url}},
		{name: "cloudevents, HTTP", args: []string{"export", "--to", "cloudevents:" + url}},
		{name: "cloudevents, files", args: []string{"export", "--to", "cloudevents:%s"}},
		{name: "cloudevents, pipe", args: []string{"export", "--to", "cloudevents:-"}},
	}
	for round := range *rounds {
		for i, w := range ways {
			f, err := measure(ctl, filepath.Join(base, fmt.Sprint(round, "-", i)), w.args)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			w.took = append(w.took, f)
		}
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tseconds\tCPU\tof log's\tMiB resident")
	for _, w := range ways {
		cpu := median(w.took, func(f figures) time.Duration { return f.cpu })
		first := median(ways[0].took, func(f figures) time.Duration { return f.cpu })
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.2f\t%d\n", w.name, median(w.took, func(f figures) time.Duration { return f.wall }).Seconds(),
			cpu.Seconds(), float64(cpu)/float64(first), median(w.took, func(f figures) int64 { return f.resident })>>10)
	}
	return t.Flush()
}

func median[T int64 | time.Duration](all []figures, of func(figures) T) T {
	var values []T
	for _, f := range all {
		values = append(values, of(f))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// measure runs vexjctl; what it leaves under the name is removed.
func measure(ctl, name string, args []string) (f figures, err error) {
	args = slices.Clone(args)
	for i, a := range args {
		if n := len(a) - len("%s"); n >= 0 && a[n:] == "%s" {
			args[i] = a[:n] + name
		}
	}
	cmd := exec.Command(ctl, append(args, "--journal", *dir)...)
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return f, err
	}
	f.wall = time.Since(begun)
	f.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	f.resident = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	return f, os.RemoveAll(name)
}

// receiver takes what is sent to it, and keeps nothing.
func receiver() (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	}()
	return "http://" + l.Addr().String(), nil
}
