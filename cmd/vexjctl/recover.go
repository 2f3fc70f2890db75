// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// recovery is what recover shows; as JSON its schema is that of the man page.
type recovery struct {
	Journal   string   `json:"journal"`
	DryRun    bool     `json:"dry_run"`
	Status    string   `json:"status"`
	Sealed    []string `json:"sealed"`
	Records   uint64   `json:"records"`
	CutBytes  int64    `json:"cut_bytes"`
	Removed   string   `json:"removed"`
	SetAside  string   `json:"set_aside"`
	Lost      uint64   `json:"lost"`
	Damage    []damage `json:"damage"`
	Next      uint64   `json:"next_ordinal"`
	ClockBack int64    `json:"clock_back_ns"`
}

type damage struct {
	Segment string `json:"segment"`
	Offset  int64  `json:"offset"`
	Bytes   int64  `json:"bytes"`
	First   uint64 `json:"first_ordinal"`
	Last    uint64 `json:"last_ordinal"`
	Error   string `json:"error"`
}

func newJournalRecover() *cobra.Command {
	var (
		out          output
		dir, keyFile string
		dryRun       bool
	)
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Finish what a recorder that was killed left behind",
		Long: `Finish what a recorder that was killed left behind, as the next recorder would:
whole blocks are kept, what is unfinished at the end is cut off, and the segment is
sealed. Look besides whether all segments are there. With --dry-run only say so.

The exit code is 7 if something is missing or damaged.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			key, err := capture.SigningKey(keyFile)
			if err != nil {
				return err
			}
			return eachShard(dir, func(_, _ int, dir string) error {
				report, err := userjournal.Recover(dir, userjournal.RecoverOptions{DryRun: dryRun, Key: key})
				if err != nil {
					return err
				}
				v := newRecovery(dir, dryRun, &report)
				err = show(false, func(w *bufio.Writer) error {
					if out.format == "json" {
						return writeJSON(w, v)
					}
					v.print(w)
					return nil
				})
				if report.Status == userjournal.RecoveryPartial {
					err = errors.Join(err, exit.With(exit.Verify, errors.New("something is missing or damaged; "+
						"`vexjctl journal repair` makes a new journal of what can be read")))
				}
				return err
			})
		},
	}
	journalFlag(cmd, &dir)
	out.flags(cmd, "text", "json")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "change nothing")
	cmd.Flags().StringVar(&keyFile, "key", "", "`file` with the private key to sign with what is sealed")
	return cmd
}

func newRecovery(dir string, dryRun bool, r *userjournal.RecoveryReport) *recovery {
	v := &recovery{Journal: dir, DryRun: dryRun, Status: r.Status.String(), Sealed: append([]string{}, r.Segments...),
		Records: r.Records, CutBytes: r.CutBytes, Removed: r.Removed, SetAside: r.SetAside, Lost: r.Lost,
		Damage: []damage{}, Next: r.Next, ClockBack: int64(r.ClockBack)}
	for _, d := range r.Damage {
		v.Damage = append(v.Damage, damage{d.Segment, d.Offset, d.Bytes, d.First, d.Last, d.Error()})
	}
	return v
}

func (v *recovery) print(w *bufio.Writer) {
	did := func(done, plan string) string {
		if v.DryRun {
			return plan
		}
		return done
	}
	fmt.Fprintf(w, "journal %s: %s\n", quote.String(v.Journal), v.Status)
	for _, name := range v.Sealed {
		fmt.Fprintf(w, "  %s: %s\n", name, did("sealed", "to be sealed"))
	}
	if len(v.Sealed) > 0 || v.CutBytes > 0 {
		fmt.Fprintf(w, "  %d records kept there, %d unfinished bytes %s\n", v.Records, v.CutBytes, did("cut off", "to be cut off"))
	}
	if v.Removed != "" {
		fmt.Fprintf(w, "  %s: no records, %s\n", v.Removed, did("removed", "to be removed"))
	}
	if v.SetAside != "" {
		fmt.Fprintf(w, "  no block can be found in a segment, %s as %s\n", did("kept", "to be kept"), v.SetAside)
	}
	for _, d := range v.Damage {
		fmt.Fprintf(w, "  damage: %s\n", quote.Text(d.Error))
	}
	if v.Lost > 0 {
		fmt.Fprintf(w, "  %d records lost\n", v.Lost)
	}
	if v.ClockBack > 0 {
		fmt.Fprintf(w, "  the clock was set back by %v\n", time.Duration(v.ClockBack))
	}
	fmt.Fprintf(w, "  the next record is %d\n", v.Next)
}

func newJournalRepair() *cobra.Command {
	var dir, keyFile string
	cmd := &cobra.Command{
		Use:   "repair FOLDER",
		Short: "Make a new journal of what can be read of a damaged one",
		Long: `Make a new journal of what can be read of a damaged one, in FOLDER, which must be
empty or is made. The old one is never changed. Records stay what they were, in the
same order; behind damage their ordinals get smaller. A LOST record tells how many
were lost there, so that the accounts of verify add up. Shards are repaired one by
one, without such records; the new one can be put in the place of the old.`,
		Args: exactArgs(1, "the folder of the new journal"),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := capture.SigningKey(keyFile)
			if err != nil {
				return err
			}
			var m query.Mender
			o := userjournal.RepairOptions{Key: key, OnDamage: func(d *userjournal.DamageError) {
				m.Damaged()
				fmt.Printf("damage: %s\n", quote.Text(d.Error()))
			}}
			// Numbers that a shard does not have are no loss: others have them.
			if shard, err := userjournal.IsShard(dir); err != nil {
				return openError(dir, err)
			} else if !shard {
				o.Before = func(_ uint64, rec uapi.Record) (uapi.Record, error) { return m.Before(rec) }
			}
			report, err := userjournal.Repair(dir, args[0], o)
			if err != nil {
				return openError(dir, err)
			}
			if _, err := userjournal.Reindex(args[0], false); err != nil {
				return fmt.Errorf("the new journal is whole, its indexes could not be made: %w", err)
			}
			info, err := journalSize(args[0])
			if err != nil {
				return err
			}
			fmt.Printf("%s: %d records kept, %d lost, %d LOST records added; %s in %d segments\n",
				filepath.Clean(args[0]), report.Records, report.Lost, report.Added, capture.Size(info), report.Segments)
			return nil
		},
	}
	journalFlag(cmd, &dir)
	cmd.Flags().StringVar(&keyFile, "key", "", "`file` with the private key to sign the new journal with")
	return cmd
}

func journalSize(dir string) (stored uint64, err error) {
	r, err := openJournal(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	info, err := r.Info()
	return info.StoredBytes, err
}
