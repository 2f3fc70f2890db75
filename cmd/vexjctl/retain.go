// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/limit"
	"vexj/internal/quote"
	"vexj/userjournal"
)

func newJournalRetain() *cobra.Command {
	var (
		dir, size, age string
		force          bool
	)
	cmd := &cobra.Command{
		Use:   "retain",
		Short: "Remove the oldest records",
		Long: `Remove the oldest sealed segments while the journal is larger, or they are older,
than they may be. What a consumer has not acknowledged stays, unless --force is
given. The journal gets a record of what was removed: at once, or by the recorder
that is at work. Of a set of shards, each may have its share of --max-size.`,
		Example: `  vexjctl journal retain --max-size 10G --max-age 30d`,
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			o := userjournal.RetainOptions{Force: force}
			var err error
			if o.MaxBytes, err = limit.Size("--max-size", size); err != nil {
				return exit.With(exit.Usage, err)
			}
			if o.MaxAge, err = limit.Age("--max-age", age); err != nil {
				return exit.With(exit.Usage, err)
			}
			if o.MaxBytes == 0 && o.MaxAge == 0 {
				return exit.Usagef("give a --max-size or a --max-age")
			}
			return eachShard(dir, func(_, shards int, dir string) error {
				share := o
				share.MaxBytes = userjournal.Share(o.MaxBytes, shards)
				report, err := userjournal.Retain(dir, share)
				if err != nil {
					return err
				}
				if shards > 1 {
					fmt.Printf("%s: ", quote.String(dir))
				}
				tellRetained(report, force)
				return tellRemoved(dir, "retain")
			})
		},
	}
	journalFlag(cmd, &dir)
	cmd.Flags().StringVar(&size, "max-size", "", "`bytes` that the journal may have, archives included (suffixes K, M, G, T)")
	cmd.Flags().StringVar(&age, "max-age", "", "`time` that records are kept, such as 36h or 30d")
	cmd.Flags().BoolVar(&force, "force", false, "also what consumers have not acknowledged")
	return cmd
}

func tellRetained(report userjournal.RetainReport, force bool) {
	if report.Segments == 0 {
		fmt.Println("nothing removed")
	} else {
		fmt.Printf("%d records removed, ordinals %d to %d, %d segments of %d bytes\n", report.Removed.Records,
			report.Removed.First, report.Removed.Last, report.Segments, report.Removed.Bytes)
	}
	var names []string
	for _, c := range report.Owed {
		names = append(names, c.Name)
	}
	switch who := strings.Join(names, ", "); {
	case len(names) == 0:
	case force:
		fmt.Printf("not acknowledged by %s\n", who)
	default:
		fmt.Printf("%d bytes more would have gone, but are not acknowledged by %s\n", report.Kept, who)
	}
}

// tellRemoved writes the record of what was removed by the verb or, before it, by
// one that was cut off, unless a recorder is at work, who will.
func tellRemoved(dir, verb string) error {
	if untold, err := userjournal.Untold(dir); err != nil || !untold {
		return err
	}
	w, err := userjournal.Create(dir, userjournal.Options{})
	var locked *userjournal.LockedError
	if errors.As(err, &locked) {
		fmt.Fprintf(os.Stderr, "vexjctl journal %s: the recorder, pid %d, will say so in the journal\n", verb, locked.PID)
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(w.TellRemoved(), w.Close())
}
