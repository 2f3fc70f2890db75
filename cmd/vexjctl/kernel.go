// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/quote"
	"vexj/cmd/internal/status"
)

func newKernel() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kernel",
		Short: "Ask the running recorders what their producers count",
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(
		newKernelVerb("status", "Show each running recorder, its producer, hooks and counters", printStatus),
		newKernelVerb("drops", "Show what was lost in the kernel, by cause and CPU", printDrops),
	)
	return cmd
}

func newKernelVerb(use, short string, text func(*bufio.Writer, []status.Snapshot) error) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long: short + `.

The recorders are asked over their sockets in /run/vexj ($VEXJ_RUN_DIR). If none
answers the exit code is 4.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			all, err := status.Read(place.Run())
			if errors.Is(err, status.ErrNone) {
				return exit.With(exit.Unreachable, err)
			}
			if len(all) == 0 {
				return err
			}
			shown := show(false, func(w *bufio.Writer) error {
				if out.format == "json" {
					return writeJSON(w, all)
				}
				return text(w, all)
			})
			return errors.Join(err, shown)
		},
	}
	out.flags(cmd, "text", "json")
	return cmd
}

func printStatus(w *bufio.Writer, all []status.Snapshot) error {
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		pending, size := 0, 0
		for _, r := range s.Rings {
			pending, size = pending+r.Pending, size+r.Size
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "recorder\t%s, pid %d, since %s\n", s.Program, s.PID, s.Started.Local().Format(time.DateTime))
		fmt.Fprintf(t, "producer\t%s\n", s.Producer)
		fmt.Fprintf(t, "kernel\tattempted %d, recorded %d, lost %d, filtered %d\n",
			s.Kernel.Attempted, s.Kernel.Recorded, s.Kernel.Lost, s.Kernel.Filtered)
		fmt.Fprintf(t, "rings\t%d of %s, %s waiting\n", len(s.Rings), capture.Size(uint64(size)), capture.Size(uint64(pending)))
		fmt.Fprintf(t, "journal\t%s\n", quote.String(s.Journal.Dir))
		fmt.Fprintf(t, "\t%d records, %s as %s, durability %s\n",
			s.Journal.Records, capture.Size(s.Journal.Bytes), capture.Size(s.Journal.StoredBytes), s.Journal.Durability)
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
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
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
