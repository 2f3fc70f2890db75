// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A column is a producer on a kernel.
type column struct{ producer, kernel string }

// rank orders verdicts of several filesystems: the highest is the cell's.
var rank = []string{skip, pass, none, hole, failed}

// report prints the table, and then what failed.
func (m *matrix) report(w io.Writer) error {
	var rows []string
	cells := map[string]map[column]string{}
	for _, o := range m.outcomes {
		if cells[o.Row] == nil {
			rows = append(rows, o.Row)
			cells[o.Row] = map[column]string{}
		}
		for _, c := range m.columns() {
			if c.kernel == o.kernel && (o.Producer == "" || c.producer == o.Producer) {
				cells[o.Row][c] = worse(cells[o.Row][c], o.Verdict)
			}
		}
	}
	m.heading(w, longest(rows))
	counts := map[string]int{}
	for _, row := range rows {
		fmt.Fprintf(w, "%-*s", longest(rows), row)
		for _, c := range m.columns() {
			v := cells[row][c]
			counts[v]++
			fmt.Fprintf(w, " %*s", m.width(c.producer), v)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\n%d rows: %d pass, %d hole, %d skip, %d FAIL\n", len(rows), counts[pass], counts[hole], counts[skip], counts[failed])
	if counts[failed] > 0 {
		m.tell(w, failed)
		return errFailed
	}
	return nil
}

// columns are in the order of producers, then kernels.
func (m *matrix) columns() []column {
	var out []column
	for _, p := range m.producers {
		for _, k := range m.kernels {
			if k != native || p != "kmod" {
				out = append(out, column{p, k})
			}
		}
	}
	return out
}

// heading prints each producer's name over the kernels it ran on.
func (m *matrix) heading(w io.Writer, width int) {
	producers, kernels := fmt.Sprintf("%-*s", width, ""), fmt.Sprintf("%-*s", width, "")
	last := ""
	for _, c := range m.columns() {
		if c.producer != last {
			last = c.producer
			producers = fmt.Sprintf("%-*s %s", len(kernels), producers, c.producer)
		}
		kernels += fmt.Sprintf(" %*s", m.width(c.producer), c.kernel)
	}
	fmt.Fprintf(w, "%s\n%s\n", producers, kernels)
}

// width is that of a producer's columns: a verdict, a kernel, its share of the
// producer's name above them.
func (m *matrix) width(producer string) int {
	w, n := 5, 0
	for _, c := range m.columns() {
		if c.producer == producer {
			w, n = max(w, len(c.kernel)), n+1
		}
	}
	return max(w, (len(producer)+n)/n-1)
}

func longest(rows []string) int {
	n := 0
	for _, r := range rows {
		n = max(n, len(r))
	}
	return n
}

func worse(a, b string) string {
	if slices.Index(rank, a) > slices.Index(rank, b) {
		return a
	}
	return b
}

// tell prints why outcomes have a verdict.
func (m *matrix) tell(w io.Writer, verdict string) {
	for _, o := range m.outcomes {
		if o.Verdict == verdict {
			fmt.Fprintf(w, "\n%s: %s on %s, %s: %s\n", o.Verdict, o.Row, o.kernel, o.Producer, o.Filesystem)
			fmt.Fprintf(w, "\t%s\n", strings.ReplaceAll(strings.TrimSpace(o.Why), "\n", "\n\t"))
		}
	}
}
