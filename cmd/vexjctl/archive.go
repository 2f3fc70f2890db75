// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/limit"
	"vexj/userjournal"
)

func newJournalArchive() *cobra.Command {
	var dir, to, age, forget string
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "Compress old segments further, into another folder",
		Long: `Compress sealed segments further and move them to the folder --to. They stay part
of the journal: every verb reads and verifies them as before, and 'journal retain'
removes them. Of a set of shards, each has a folder in that one, with its number.
A copy is read back before its original is removed. Other processes
may read and record meanwhile. If the journal begins later once a folder is
forgotten, it gets a record that says so, as after 'journal retain'.`,
		Example: `  vexjctl journal archive --to /srv/archive --older-than 7d`,
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			switch {
			case (to == "") == (forget == ""):
				return exit.Usagef("give a folder with --to, or one with --forget")
			case forget != "":
				return eachShard(dir, func(i, shards int, dir string) error {
					if err := userjournal.ForgetArchive(dir, userjournal.ArchiveDir(forget, i, shards)); err != nil {
						return err
					}
					return tellRemoved(dir, "archive")
				})
			}
			o := userjournal.ArchiveOptions{To: to}
			var err error
			if o.OlderThan, err = limit.Age("--older-than", age); err != nil {
				return exit.With(exit.Usage, err)
			}
			return eachShard(dir, func(i, shards int, dir string) error {
				part := o
				part.To = userjournal.ArchiveDir(o.To, i, shards)
				report, err := userjournal.Archive(dir, part)
				if err != nil {
					return err
				}
				fmt.Printf("%d segments with %d records moved, %d bytes became %d\n", report.Segments, report.Records, report.Before, report.After)
				if len(report.Left) > 0 {
					return fmt.Errorf("damaged segments stay where they are: %v; `vexjctl verify` tells what is wrong", report.Left)
				}
				return nil
			})
		},
	}
	journalFlag(cmd, &dir)
	cmd.Flags().StringVar(&to, "to", "", "`folder`, made if missing")
	cmd.Flags().StringVar(&age, "older-than", "", "only segments whose newest record is older than this `time`, such as 36h or 7d")
	cmd.Flags().StringVar(&forget, "forget", "", "look no more for segments in this `folder`")
	_ = cmd.MarkFlagDirname("to")
	_ = cmd.MarkFlagDirname("forget")
	return cmd
}
