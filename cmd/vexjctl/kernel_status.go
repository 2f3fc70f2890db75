// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/status"
	"vexj/internal/quote"
	"vexj/uapi"
)

func printStatus(w *bufio.Writer, all []status.Snapshot) error {
	for i := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		printProducer(t, &all[i])
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printProducer(t *tabwriter.Writer, s *status.Snapshot) {
	fmt.Fprintf(t, "recorder\t%s\n", recorderOf(s))
	fmt.Fprintf(t, "producer\t%s\n", s.Producer)
	fmt.Fprintf(t, "kernel\tattempted %d, recorded %d, lost %d, filtered %d\n",
		s.Kernel.Attempted, s.Kernel.Recorded, s.Kernel.Lost, s.Kernel.Filtered)
	pending, size := 0, 0
	for _, r := range s.Rings {
		pending, size = pending+r.Pending, size+r.Size
	}
	fmt.Fprintf(t, "rings\t%d of %s, %s waiting\n", len(s.Rings), capture.Size(uint64(size)), capture.Size(uint64(pending)))
	if !byDevice(s) {
		fmt.Fprintf(t, "journal\t%s\n", quote.String(s.Journal.Dir))
		fmt.Fprintf(t, "\t%d records, %s as %s, durability %s\n",
			s.Journal.Records, capture.Size(s.Journal.Bytes), capture.Size(s.Journal.StoredBytes), s.Journal.Durability)
	}
	placed := 0
	for _, h := range s.Hooks {
		if h.Placed {
			placed++
		}
	}
	fmt.Fprintf(t, "hooks\t%d placed, %d not\n", placed, len(s.Hooks)-placed)
	for _, h := range s.Hooks {
		if !h.Placed {
			fmt.Fprintf(t, "\tnot %s (%s): %s\n", h.Name, h.Operation, quote.Text(h.Why))
		}
	}
	for _, line := range s.Uncovered {
		fmt.Fprintf(t, "blind to\t%s\n", quote.Text(line))
	}
}

func recorderOf(s *status.Snapshot) string {
	switch {
	case !byDevice(s):
		return fmt.Sprintf("%s, pid %d, since %s", s.Program, s.PID, s.Started.Local().Format(time.DateTime))
	case s.Program != "":
		return fmt.Sprintf("%s, pid %d, which has no socket in the run-time folder", quote.Text(s.Program), s.PID)
	}
	return "none; `vexjctl record --producer kmod` starts one"
}

func printDrops(w *bufio.Writer, all []status.Snapshot) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PID\tPRODUCER\tCPU\tCAUSE\tLOST")
	for _, s := range all {
		for _, c := range s.CPUs {
			for _, cause := range slices.Sorted(maps.Keys(c.LostBy)) {
				if n := c.LostBy[cause]; n > 0 {
					fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%d\n", s.PID, s.Producer, c.CPU, cause, n)
				}
			}
		}
		fmt.Fprintf(t, "%d\t%s\tall\tall\t%d\n", s.PID, s.Producer, s.Kernel.Lost)
	}
	return t.Flush()
}

func printHooks(w *bufio.Writer, all []status.Snapshot) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PRODUCER\tHOOK\tOPERATION\tPLACED")
	for _, s := range all {
		for _, h := range s.Hooks {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Producer, quote.Text(h.Name), quote.Text(h.Operation), placedWord(h))
		}
	}
	return t.Flush()
}

func placedWord(h uapi.Hook) string {
	switch {
	case !h.Placed:
		return "no: " + quote.Text(h.Why)
	case h.Missed > 0:
		return fmt.Sprintf("yes, missed %d", h.Missed)
	}
	return "yes"
}
