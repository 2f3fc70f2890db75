// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// An aim is a line below the table: a figure of ours beside what it should be.
type aim struct {
	what        string
	got, target float64
	atMost      bool
	unit        string
}

func (a aim) met() bool {
	if a.atMost {
		return a.got <= a.target
	}
	return a.got >= a.target
}

// aims prints what the journal is meant to reach in these runs, as far as they
// tell.
func (all *table) aims(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\naim\treached\twanted\t")
	for _, p := range all.bench.policies {
		for _, n := range all.bench.writers {
			for _, a := range all.aimsOf(p, n) {
				sign, verdict := ">=", "met"
				if a.atMost {
					sign = "<="
				}
				if !a.met() {
					verdict = "NOT MET"
				}
				fmt.Fprintf(w, "%v, %d writers: %s\t%.2f%s\t%s %g%s\t%s\n", p, n, a.what, a.got, a.unit, sign, a.target, a.unit, verdict)
			}
		}
	}
	return w.Flush()
}

func (all *table) aimsOf(p policy, writers int) (aims []aim) {
	at := func(do, name string) cell { return cell{do, name, p, writers} }
	ratio := func(name string, target float64, others ...string) {
		own, ok := all.rate(at("write", name))
		best, whose := 0.0, ""
		for _, o := range others {
			if v, have := all.rate(at("write", o)); have && v > best {
				best, whose = v, o
			}
		}
		if ok && whose != "" {
			aims = append(aims, aim{what: fmt.Sprintf("%s / %s", name, whose), got: own / best, target: target, unit: "x"})
		}
	}
	below := func(what, name string, of func(cell) (float64, bool), target float64, unit string) {
		if v, ok := of(at("write", name)); ok {
			aims = append(aims, aim{what: name + " " + what, got: v, target: target, atMost: true, unit: unit})
		}
	}
	if p.waits() {
		ratio("usjl", 1, "buffered", "etcd", "pebble-wal", "pebble", "tidwall", "bbolt", "sqlite")
		return aims
	}
	ratio("usjl", 3, "etcd")
	ratio("usjl", 1.3, "tidwall")
	ratio("usjl-none", 1.2, "pebble-wal")
	ratio("usjl-none", 0.8, "buffered")
	below("stored", "usjl", all.bytes, 75, " B")
	for _, name := range []string{"usjl", "usjl-none"} {
		below("CPU", name, all.cpu, map[string]float64{"usjl": 800, "usjl-none": 300}[name], " ns")
		below("memory", name, all.memory, 64, " MiB")
		write, ok := all.rate(at("write", name))
		if read, have := all.rate(at("read", name)); ok && have {
			aims = append(aims, aim{what: name + " read-back / write", got: read / write, target: 3, unit: "x"})
		}
	}
	return aims
}
