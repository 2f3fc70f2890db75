// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/internal/render"
	"vexj/userjournal"
)

func newShow() *cobra.Command {
	var (
		out   output
		dir   string
		bytes bool
	)
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show all of one record",
		Long: `Show every field and attribute of the record with the event id ID, decimal or
0x and hexadecimal, as 'log -o wide' and 'log -o json' print it.`,
		Args: exactArgs(1, "one event id"),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if _, err := out.check(); err != nil {
				return err
			}
			id, err := strconv.ParseUint(args[0], 0, 64)
			if err != nil {
				return exit.Usagef("%q is no event id: write it in decimal, or in hexadecimal after 0x", args[0])
			}
			r, err := openJournal(dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			ordinal, rec, err := r.Find(id)
			if errors.Is(err, userjournal.ErrNotFound) && !errors.Is(err, userjournal.ErrDamaged) {
				return exit.With(exit.NoMatch, fmt.Errorf("%s has no record with the id 0x%016x", dir, id))
			}
			if err != nil {
				return err
			}
			return showRecord(entry(r, ordinal, rec), out.format, bytes)
		},
	}
	journalFlag(cmd, &dir)
	out.flags(cmd, "text", "json")
	cmd.Flags().BoolVar(&bytes, "bytes", false, "add the bytes of the record, annotated")
	return cmd
}

func showRecord(e render.Entry, format string, bytes bool) error {
	return show(false, func(w *bufio.Writer) error {
		if format == "json" {
			_, err := w.Write(append(render.NewObject().Append(nil, e), '\n'))
			return err
		}
		text, err := render.Describe(nil, e)
		if err != nil {
			return err
		}
		if bytes {
			text = render.Dump(append(text, '\n'), e.Rec)
		}
		_, err = w.Write(text)
		return err
	})
}
