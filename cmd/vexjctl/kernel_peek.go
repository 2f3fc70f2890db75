// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/status"
	"vexj/internal/render"
	"vexj/kmod/device"
	"vexj/uapi"
)

func newKernelPeek() *cobra.Command {
	var out output
	var lines int
	cmd := &cobra.Command{
		Use:   "peek",
		Short: "Show the last records that are still in the rings",
		Long: `Show the last records that are still in the shared memory between the kernel and
its reader, whether they were read already or not. Nothing is taken: the
recorder gets every record all the same. The lines are those of vexjctl log.` + whoIsAsked,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			color, err := out.check()
			if err != nil {
				return err
			}
			if lines < 1 || lines > 10_000 {
				return exit.Usagef("-n is from 1 to 10000, not %d", lines)
			}
			recs, err := peek(lines)
			if len(recs) == 0 {
				return cmp.Or(err, exit.With(exit.NoMatch, errors.New("the rings are empty: nothing was recorded since they were made")))
			}
			return errors.Join(err, show(false, func(w *bufio.Writer) error { return printPeek(w, recs, out.format, color) }))
		},
	}
	out.flags(cmd, "short", "wide", "ndjson")
	cmd.Flags().IntVarP(&lines, "lines", "n", 20, "show at most this `number` of records")
	return cmd
}

// peek gathers the last records of all producers, the oldest first.
func peek(most int) ([]uapi.Record, error) {
	replies, err := status.Ask(place.Run(), status.Request{Peek: most})
	var all []uapi.Record
	module := false
	for _, r := range replies {
		module = module || isModule(&r.Snapshot)
		for _, b := range r.Records {
			rec, bad := uapi.Check(b)
			if bad != nil {
				return nil, bad
			}
			all = append(all, rec)
		}
	}
	if !module {
		recs, moduleErr := capture.ModulePeek(most)
		switch {
		case moduleErr == nil:
			all = append(all, recs...)
			if errors.Is(err, status.ErrNone) {
				err = nil
			}
		case !errors.Is(moduleErr, device.ErrNoModule):
			err = errors.Join(err, moduleErr)
		}
	}
	// The clock is the one that all producers share.
	slices.SortStableFunc(all, func(a, b uapi.Record) int { return cmp.Compare(a.Ktime(), b.Ktime()) })
	return all[max(0, len(all)-most):], unreachable(err)
}

func printPeek(w *bufio.Writer, recs []uapi.Record, format string, color bool) error {
	offset, err := bootOffset()
	if err != nil {
		return err
	}
	line, object := render.NewLine(format == "wide", color, time.Local), render.NewObject()
	var buf []byte
	for _, rec := range recs {
		// No journal has given it an ordinal.
		e := render.Entry{Wall: int64(rec.Ktime()) + offset, Rec: rec}
		if format == "ndjson" {
			buf = append(object.Append(buf[:0], e), '\n')
		} else {
			buf = line.Append(buf[:0], e)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// bootOffset is what turns the time since boot into that since 1970, in ns.
func bootOffset() (int64, error) {
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		return 0, err
	}
	return time.Now().UnixNano() - boot.Nano(), nil
}
