// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"vexj/userjournal"
)

// newJournal has the verbs about the files of a journal.
func newJournal() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Look after the files of a journal",
		Long:  "Look after the files of a journal.",
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(
		newJournalLs(), newJournalInspect(),
		newJournalConsumers(), newJournalArchive(), newJournalIndex(), newJournalRetain(), newJournalRecover(),
		newJournalRepair(), newJournalCheckpoint(), newJournalKeygen(),
	)
	return cmd
}

func newJournalIndex() *cobra.Command {
	var (
		dir string
		all bool
	)
	cmd := &cobra.Command{
		Use:   "index",
		Short: "Make the indexes that are missing or cannot be used",
		Long: `Make the indexes that are missing or cannot be used, so that records are found
by path, inode, agent, session, process, type and id without a look into each
block. A recorder makes them as it goes on; this is for what became of its files
since. Other processes may read and record meanwhile.`,
		Args: noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			var sum userjournal.IndexReport
			err := eachShard(dir, func(_, _ int, dir string) error {
				report, err := userjournal.Reindex(dir, all)
				for _, name := range report.Unusable {
					fmt.Printf("%s was damaged or of another segment\n", name)
				}
				sum.Segments += report.Segments
				sum.Made += report.Made
				return err
			})
			if err == nil {
				fmt.Printf("%d sealed segments, %d indexes made\n", sum.Segments, sum.Made)
			}
			return err
		},
	}
	journalFlag(cmd, &dir)
	cmd.Flags().BoolVar(&all, "rebuild", false, "make all of them anew")
	return cmd
}
