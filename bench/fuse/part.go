// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A figure is one measurement.
type figure struct {
	what  string
	value float64
	unit  string // "/s" and "MB/s" are better if larger, "s" if smaller
}

// A part measures one mount.
type part struct {
	name string
	do   func(m *mount) ([]figure, error)
}

var parts = []part{{"names", names}, {"data", data}, {"programs", programs}}

// measure runs a part for each peer in turn, round after round, and prints what
// came out.
func measure(p part, all []peer, base string) error {
	got := map[string]map[string][]float64{} // figure, peer
	var order []string
	units := map[string]string{}
	cpu, peak := map[string]time.Duration{}, map[string]string{}
	for range *rounds {
		for _, peer := range all {
			m, err := peer.mount(base)
			if err != nil {
				return err
			}
			figures, err := p.do(m)
			spent, most := m.spent()
			cpu[peer.name] += spent
			peak[peer.name] = most
			if ended := m.end(); err == nil {
				err = ended
			}
			if err != nil {
				return fmt.Errorf("%s: %w", peer.name, err)
			}
			if err := os.RemoveAll(m.source); err != nil {
				return err
			}
			for _, f := range figures {
				if got[f.what] == nil {
					got[f.what] = map[string][]float64{}
					order = append(order, f.what)
					units[f.what] = f.unit
				}
				got[f.what][peer.name] = append(got[f.what][peer.name], f.value)
			}
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	heads := []string{p.name}
	for _, peer := range all {
		heads = append(heads, peer.name)
	}
	fmt.Fprintln(w, strings.Join(heads, "\t")+"\t")
	for _, what := range order {
		fmt.Fprintf(w, "%s, %s\t", what, units[what])
		for _, peer := range all {
			fmt.Fprintf(w, "%s\t", short(median(got[what][peer.name])))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "server, s of CPU a round\t")
	for _, peer := range all {
		fmt.Fprintf(w, "%.2f\t", cpu[peer.name].Seconds()/float64(*rounds))
	}
	fmt.Fprint(w, "\nserver, most memory\t")
	for _, peer := range all {
		fmt.Fprintf(w, "%s\t", peak[peer.name])
	}
	fmt.Fprintln(w)
	return w.Flush()
}

func median(v []float64) float64 {
	v = slices.SortedFunc(slices.Values(v), cmp.Compare)
	if len(v) == 0 {
		return 0
	}
	return v[len(v)/2]
}

func short(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
