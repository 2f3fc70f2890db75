// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
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
	b := bench{rounds: *rounds, n: *n &^ 1, only: *only, verbose: *verbose}
	if err := b.compare(strings.Split(*names, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type bench struct {
	rounds, n int
	only      string
	verbose   bool
}

// A cost is what one operation took.
type cost struct {
	caller  float64 // ns of the thread that made it
	machine float64 // ns of all CPUs
}

func (b *bench) compare(names []string) error {
	var chosen []tool
	for _, t := range tools {
		if slices.Contains(names, t.name) {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) != len(names) || chosen[0].name != "none" {
		return fmt.Errorf("-tools %s: known are none (always), vexj, kmod, perf, bpftrace, lttng, auditd", strings.Join(names, ","))
	}
	fmt.Printf("%-28s", "ns per operation")
	for _, t := range chosen {
		fmt.Printf("  %10s", t.name)
	}
	fmt.Println()
	for i, j := range jobs {
		if !strings.Contains(j.name, b.only) {
			continue
		}
		costs, err := b.job(i, chosen)
		if err != nil {
			return err
		}
		row(j.name+", the caller", costs, func(c cost) float64 { return c.caller })
		row(j.name+", the machine", costs, func(c cost) float64 { return c.machine })
	}
	return nil
}

// job measures one job under each tool, in rounds that alternate between them.
func (b *bench) job(i int, chosen []tool) ([][]cost, error) {
	costs := make([][]cost, len(chosen))
	for round := range b.rounds {
		for k, t := range chosen {
			c, note, err := measure(i, t, b.n)
			if err != nil {
				return nil, fmt.Errorf("%s under %s: %w", jobs[i].name, t.name, err)
			}
			costs[k] = append(costs[k], c)
			if b.verbose {
				fmt.Fprintf(os.Stderr, "%s, round %d, %s: %.0f ns, machine %.0f ns %s\n", jobs[i].name, round+1, t.name, c.caller, c.machine, note)
			}
		}
	}
	return costs, nil
}

// row prints the median without a tool, and what each tool adds to it.
func row(name string, costs [][]cost, part func(cost) float64) {
	fmt.Printf("%-28s", name)
	base := median(costs[0], part)
	fmt.Printf("  %10.0f", base)
	for _, c := range costs[1:] {
		fmt.Printf("  %+10.0f", median(c, part)-base)
	}
	fmt.Println()
}

func median(costs []cost, part func(cost) float64) float64 {
	var v []float64
	for _, c := range costs {
		v = append(v, part(c))
	}
	slices.Sort(v)
	return v[len(v)/2]
}
