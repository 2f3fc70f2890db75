// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := worker(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	rounds := flag.Int("rounds", 5, "rounds, of which the median counts")
	n := flag.Int("n", 200000, "operations a round")
	names := flag.String("tools", "none,vexj,perf,bpftrace", "what to measure, none first")
	only := flag.String("jobs", "", "only the jobs whose names hold this")
	verbose := flag.Bool("v", false, "say each round's figures")
	flag.Parse()
	if err := compare(strings.Split(*names, ","), *rounds, *n&^1, *only, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(names []string, rounds, n int, only string, verbose bool) error {
	var chosen []tool
	for _, t := range tools {
		if slices.Contains(names, t.name) {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) != len(names) || chosen[0].name != "none" {
		return fmt.Errorf("-tools %s: known are none (always), vexj, perf, bpftrace", strings.Join(names, ","))
	}
	fmt.Printf("%-18s", "ns per operation")
	for _, t := range chosen {
		fmt.Printf("  %14s", t.name)
	}
	fmt.Println()
	for i, j := range jobs {
		if !strings.Contains(j.name, only) {
			continue
		}
		ns := make([][]float64, len(chosen))
		for round := range rounds {
			for k, t := range chosen {
				v, note, err := measure(i, t, n)
				if err != nil {
					return fmt.Errorf("%s under %s: %w", j.name, t.name, err)
				}
				ns[k] = append(ns[k], v)
				if verbose {
					fmt.Fprintf(os.Stderr, "%s, round %d, %s: %.0f ns %s\n", j.name, round+1, t.name, v, note)
				}
			}
		}
		fmt.Printf("%-18s", j.name)
		base := median(ns[0])
		for k := range chosen {
			if k == 0 {
				fmt.Printf("  %14.0f", base)
				continue
			}
			fmt.Printf("  %+8.0f      ", median(ns[k])-base)
		}
		fmt.Println()
	}
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// measure runs a job once under a tool and returns the time of one operation.
func measure(i int, t tool, n int) (ns float64, note string, err error) {
	dir, err := os.MkdirTemp("", "vexj-bench-")
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cmd := exec.Command("/proc/self/exe", "worker", strconv.Itoa(i), dir, strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, "", err
	}
	if err := cmd.Start(); err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, cmd.Wait()) }()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return 0, "", io.ErrUnexpectedEOF
	}
	stop, err := t.attach(jobs[i], cmd.Process.Pid, dir)
	if err != nil {
		cmd.Process.Kill()
		return 0, "", err
	}
	fmt.Fprintln(in, "go")
	if !lines.Scan() {
		return 0, "", io.ErrUnexpectedEOF
	}
	total, err := strconv.ParseInt(lines.Text(), 10, 64)
	if err != nil {
		return 0, "", err
	}
	note, err = stop()
	return float64(total) / float64(n), note, err
}
