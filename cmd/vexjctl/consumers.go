// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/userjournal"
)

func newJournalConsumers() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "consumers",
		Short: "Register who is owed every record",
		Long: `Register who is owed every record. What a consumer has not acknowledged is not
removed by 'journal retain' or by a recorder that keeps its journal small, unless
they are forced to, and 'log --consumer' goes on where it is.`,
		Args: noArgs,
		RunE: needVerb,
	}
	cmd.AddCommand(newConsumersLs(), newConsumersAdd(), newConsumersRm(), newConsumersAck())
	return cmd
}

// withConsumers opens the journal for a verb.
func withConsumers(dir string, fn func(*userjournal.Set, *userjournal.SetConsumers) error) (err error) {
	r, err := openJournal(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return fn(r, r.Consumers())
}

func newConsumersLs() *cobra.Command {
	var (
		dir string
		out output
	)
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List them, and what each is owed",
		Args:  noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			return withConsumers(dir, func(s *userjournal.Set, c *userjournal.SetConsumers) error {
				return listConsumers(s, c, out.format)
			})
		},
	}
	journalFlag(cmd, &dir)
	out.flags(cmd, "text", "json")
	return cmd
}

type consumerEntry struct {
	Name         string    `json:"name"`
	Acknowledged uint64    `json:"acknowledged"`
	Owed         uint64    `json:"owed"`
	Created      time.Time `json:"created"`
	Updated      time.Time `json:"updated"`
	Error        string    `json:"error,omitempty"`
	Position     string    `json:"position"`
}

func listConsumers(s *userjournal.Set, c *userjournal.SetConsumers, format string) error {
	end, err := s.End()
	if err != nil {
		return err
	}
	all, err := c.List()
	if err != nil {
		return err
	}
	entries := make([]consumerEntry, 0, len(all))
	for _, one := range all {
		e := consumerEntry{one.Name, one.Acknowledged.Sum(), one.Acknowledged.Left(end), one.Created, one.Updated, "", one.Acknowledged.String()}
		if one.Damaged != nil {
			e.Error = one.Damaged.Error()
		}
		entries = append(entries, e)
	}
	if format == "json" {
		return writeJSON(os.Stdout, entries)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tACKNOWLEDGED\tOWED\tUPDATED")
	for _, e := range entries {
		updated := e.Updated.Local().Format(time.DateTime)
		if e.Error != "" {
			updated = e.Error
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", e.Name, e.Position, e.Owed, updated)
	}
	return w.Flush()
}

func newConsumersAdd() *cobra.Command {
	var dir, after string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Register one",
		Long: `Register a consumer. It is owed every record there is, or those behind --after:
a cursor, an ordinal, or 'end', which is all that come from now on.`,
		Args: exactArgs(1, "one name"),
		RunE: func(_ *cobra.Command, args []string) error {
			return withConsumers(dir, func(s *userjournal.Set, c *userjournal.SetConsumers) error {
				upto, err := position(s, after)
				if err != nil {
					return err
				}
				return consumerError(c.Add(args[0], upto))
			})
		},
	}
	journalFlag(cmd, &dir)
	cmd.Flags().StringVar(&after, "after", "0", "`where` it begins: behind a cursor or an ordinal, or at the end")
	return cmd
}

// position is what a cursor, ordinals or "end" stand for.
func position(s *userjournal.Set, text string) (userjournal.Position, error) {
	if text == "end" {
		return s.End()
	}
	if strings.Trim(text, "0123456789,") == "" {
		p, err := s.ParsePosition(text)
		if err != nil {
			err = exit.With(exit.Usage, err)
		}
		return p, err
	}
	_, behind, err := seek(s, text)
	return behind, err
}

// seek finds what a cursor names.
func seek(s *userjournal.Set, text string) (before, behind userjournal.Position, err error) {
	before, behind, err = s.Seek(text)
	if errors.Is(err, userjournal.ErrCursorText) {
		err = exit.With(exit.Usage, err)
	}
	return before, behind, err
}

func consumerError(err error) error {
	if errors.Is(err, userjournal.ErrConsumer) && strings.Contains(err.Error(), "a name has") {
		return exit.With(exit.Usage, err)
	}
	return err
}

func newConsumersRm() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "rm NAME",
		Short: "Forget one: nothing is kept for it any more",
		Args:  exactArgs(1, "one name"),
		RunE: func(_ *cobra.Command, args []string) error {
			return withConsumers(dir, func(_ *userjournal.Set, c *userjournal.SetConsumers) error {
				return consumerError(c.Remove(args[0]))
			})
		},
	}
	journalFlag(cmd, &dir)
	return cmd
}

func newConsumersAck() *cobra.Command {
	var (
		dir    string
		rewind bool
	)
	cmd := &cobra.Command{
		Use:   "ack NAME POSITION",
		Short: "Note that one is done with all records up to a position",
		Long: `Note that a consumer is done with all records up to POSITION: a cursor, an
ordinal, or 'end'. With --rewind it is owed again what it had acknowledged behind
that.`,
		Args: exactArgs(2, "a name and a position"),
		RunE: func(_ *cobra.Command, args []string) error {
			return withConsumers(dir, func(s *userjournal.Set, c *userjournal.SetConsumers) error {
				upto, err := position(s, args[1])
				if err != nil {
					return err
				}
				set := c.Acknowledge
				if rewind {
					set = c.Rewind
				}
				return consumerError(set(args[0], upto))
			})
		},
	}
	journalFlag(cmd, &dir)
	cmd.Flags().BoolVar(&rewind, "rewind", false, "go back")
	return cmd
}
