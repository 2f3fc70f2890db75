// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A table has all results, by what was done.
type table struct {
	bench *bench
	rows  map[cell][]result
}

type cell struct {
	do      string
	engine  string
	policy  policy
	writers int
}

func (all *table) add(t task, r result) {
	if all.rows == nil {
		all.rows = make(map[cell][]result)
	}
	c := cell{t.Do, t.Engine, t.Policy, t.Writers}
	all.rows[c] = append(all.rows[c], r)
}

// median is that of one of the numbers of a cell, and whether there is any.
func (all *table) median(c cell, value func(result) float64) (float64, bool) {
	var values []float64
	for _, r := range all.rows[c] {
		values = append(values, value(r))
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2, true
}

// rate is in records a second.
func (all *table) rate(c cell) (float64, bool) {
	n := float64(all.bench.share(c.policy))
	return all.median(c, func(r result) float64 { return n / r.Took.Seconds() })
}

func (all *table) cpu(c cell) (float64, bool) {
	n := float64(all.bench.share(c.policy))
	return all.median(c, func(r result) float64 { return float64(r.CPU.Nanoseconds()) / n })
}

func (all *table) kernel(c cell) (float64, bool) {
	n := float64(all.bench.share(c.policy))
	return all.median(c, func(r result) float64 { return float64(r.Kernel.Nanoseconds()) / n })
}

func (all *table) bytes(c cell) (float64, bool) {
	n := float64(all.bench.share(c.policy))
	return all.median(c, func(r result) float64 { return float64(r.Stored) / n })
}

func (all *table) memory(c cell) (float64, bool) {
	return all.median(c, func(r result) float64 { return float64(r.Memory) / (1 << 20) })
}

func (all *table) millis(c cell) (float64, bool) {
	return all.median(c, func(r result) float64 { return float64(r.Took.Microseconds()) / 1e3 })
}

func (all *table) print(out io.Writer) error {
	b := all.bench
	fmt.Fprintf(out, "%d records, %d to a call, medians of up to %d rounds\n", b.records, b.batch, b.runs)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "sync\twriters\tengine\tMrecords/s\tCPU ns\tkernel\tbytes\tMiB\tread-back M/s\tMiB\trecovery ms\tMiB\t")
	for _, p := range b.policies {
		for _, n := range b.writers {
			for _, e := range b.engines {
				all.line(w, e, p, n)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, e := range b.engines {
		if e.note != "" {
			fmt.Fprintf(out, "%s: %s\n", e.name, e.note)
		}
	}
	return all.aims(out)
}

func (all *table) line(w io.Writer, e *engine, p policy, writers int) {
	fmt.Fprintf(w, "%v\t%d\t%s\t", p, writers, e.name)
	write, read := cell{"write", e.name, p, writers}, cell{"read", e.name, p, writers}
	put := func(format string, scale float64, of func(cell) (float64, bool), c cell) {
		if v, ok := of(c); ok {
			fmt.Fprintf(w, format, v*scale)
		}
		fmt.Fprint(w, "\t")
	}
	put("%.4f", 1e-6, all.rate, write)
	put("%.0f", 1, all.cpu, write)
	put("%.0f", 1, all.kernel, write)
	put("%.1f", 1, all.bytes, write)
	put("%.1f", 1, all.memory, write)
	put("%.2f", 1e-6, all.rate, read)
	put("%.1f", 1, all.memory, read)
	again := cell{"recover", e.name, p, writers}
	put("%.1f", 1, all.millis, again)
	put("%.1f", 1, all.memory, again)
	fmt.Fprintln(w)
}
