// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/status"
	"vexj/internal/quote"
	"vexj/kmod/device"
	"vexj/uapi"
)

func newKernelFilter() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "filter",
		Short: "Show or set what is recorded, in the kernel",
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(newKernelVerb("show", "Show what each producer records", printFilters), newFilterSet())
	return cmd
}

func printFilters(w *bufio.Writer, all []status.Snapshot) error {
	for i := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "recorder\t%s\n", recorderOf(&all[i]))
		fmt.Fprintf(t, "producer\t%s\n", all[i].Producer)
		printFilter(t, &all[i].Filter)
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printFilter(t *tabwriter.Writer, f *uapi.Filter) {
	types := "all but lookup"
	if len(f.Types) > 0 {
		types = join(f.Types)
	}
	if f.ModifyOnly {
		types += ", of these what changes something"
	}
	fmt.Fprintf(t, "types\t%s\n", types)
	if f.FailedToo {
		fmt.Fprintln(t, "results\tfailed operations too")
	} else {
		fmt.Fprintln(t, "results\tno failed operations")
	}
	for _, p := range f.PathPrefixes {
		fmt.Fprintf(t, "path\t%s\n", quote.String(p))
	}
	for _, dev := range f.Superblocks {
		fmt.Fprintf(t, "filesystem\t%d:%d\n", unix.Major(dev), unix.Minor(dev))
	}
	if f.CgroupID != 0 {
		fmt.Fprintf(t, "cgroup\t%d\n", f.CgroupID)
	}
	if len(f.TGIDTree) > 0 {
		fmt.Fprintf(t, "pid tree\t%s\n", join(f.TGIDTree))
	}
	if len(f.UIDs) > 0 {
		fmt.Fprintf(t, "uid\t%s\n", join(f.UIDs))
	}
}

func join[T any](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, " ")
}

type filterSet struct {
	flags capture.FilterFlags
	all   bool
	pid   int
}

func newFilterSet() *cobra.Command {
	var set filterSet
	cmd := &cobra.Command{
		Use:   "set [flags]",
		Short: "Set what is recorded from now on",
		Long: `Set what a running recorder records from now on, or the kernel module if no
recorder speaks for it. The flags are those of vexjctl record, and all of the
filter: a condition that is not given is none any more. What the filter leaves
out is counted as filtered, and no loss.` + whoIsAsked,
		Example: `  vexjctl kernel filter set --path /etc --modify-only
  vexjctl kernel filter set --pid 4711 --all`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := 0
			cmd.Flags().Visit(func(f *pflag.Flag) {
				if f.Name != "pid" && f.Name != "all" {
					given++
				}
			})
			if set.all == (given > 0) {
				return exit.Usagef("say what is to be recorded, or --all for everything but lookups")
			}
			return set.run()
		},
	}
	set.flags.Add(cmd.Flags(), true)
	cmd.Flags().BoolVar(&set.all, "all", false, "record everything but lookups")
	cmd.Flags().IntVar(&set.pid, "pid", 0, "the recorder with this process `id`, if there are several")
	completeFilter(cmd)
	return cmd
}

func (set *filterSet) run() error {
	filter, err := set.flags.Filter()
	if err != nil {
		return err
	}
	target, err := set.target()
	if err != nil {
		return err
	}
	if byDevice(target) {
		err = setModuleFilter(&filter)
	} else {
		_, err = status.AskOne(place.Run(), target.PID, status.Request{Filter: &filter})
	}
	if err != nil {
		return unreachable(err)
	}
	fmt.Fprintf(os.Stderr, "vexjctl kernel filter set: %s records by it from now on\n", target.Producer)
	return nil
}

// target is the one producer whose filter is meant.
func (set *filterSet) target() (*status.Snapshot, error) {
	all, err := producers()
	var found []*status.Snapshot
	var pids []string
	for i := range all {
		if set.pid == 0 || all[i].PID == set.pid {
			found = append(found, &all[i])
		}
		pids = append(pids, fmt.Sprintf("%d (%s, %s)", all[i].PID, all[i].Program, all[i].Producer))
	}
	switch {
	case len(all) == 0:
		return nil, err
	case len(found) == 0:
		return nil, exit.With(exit.Unreachable, fmt.Errorf("no recorder has the process id %d; there are %s", set.pid, strings.Join(pids, ", ")))
	case len(found) > 1:
		return nil, exit.Usagef("there are several recorders, choose one with --pid: %s", strings.Join(pids, ", "))
	}
	return found[0], nil
}

func setModuleFilter(f *uapi.Filter) (err error) {
	d, err := device.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.SetFilter(f); errors.Is(err, device.ErrFilter) {
		return exit.With(exit.Usage, err)
	} else {
		return err
	}
}
