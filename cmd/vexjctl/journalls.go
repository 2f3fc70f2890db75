// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/userjournal"
)

func newJournalLs() *cobra.Command {
	var (
		out output
		dir string
	)
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the segments of a journal",
		Long: `List the segments of a journal: their records, times and bytes, how they are
compressed, whether they are sealed, and the value of the chain at their end. The
exit code is 7 if one cannot be read.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) (err error) {
			if _, err := out.check(); err != nil {
				return err
			}
			r, err := openJournal(dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			return listSegments(r, out.format == "json")
		},
	}
	journalFlag(cmd, &dir)
	out.flags(cmd, "text", "json")
	return cmd
}

// listed is a segment; its schema is that of the man page.
type listed struct {
	Name        string     `json:"name"`
	State       string     `json:"state"` // open, sealed, recovered, archived, damaged
	Segment     uint64     `json:"segment"`
	First       uint64     `json:"first_ordinal"`
	Last        uint64     `json:"last_ordinal"`
	Records     uint64     `json:"records"`
	Blocks      int        `json:"blocks"`
	Bytes       uint64     `json:"bytes"`
	StoredBytes uint64     `json:"stored_bytes"`
	Codec       string     `json:"codec"`
	FirstTime   *time.Time `json:"first_time"`
	LastTime    *time.Time `json:"last_time"`
	Created     *time.Time `json:"created"`
	Boot        string     `json:"boot_id"`
	Signed      bool       `json:"signed"`
	Before      string     `json:"chain_before"`
	Chain       string     `json:"chain"`
	Why         string     `json:"why,omitempty"`
}

func newListed(s userjournal.SegmentInfo) listed {
	l := listed{
		Name: s.Name, State: "open", Segment: s.Number, First: s.First, Last: s.Last, Records: s.Records, Blocks: s.Blocks,
		Bytes: s.RawBytes, StoredBytes: s.StoredBytes, Signed: s.Signed,
	}
	if s.Err != nil {
		l.State, l.Why = "damaged", s.Err.Error()
		return l
	}
	created := s.Created.UTC()
	l.Created = &created
	l.Boot, l.Before = fmt.Sprintf("%x", s.Clock.Boot), s.Previous.String()
	if s.Blocks > 0 {
		first, last := s.FirstTime.UTC(), s.LastTime.UTC()
		l.FirstTime, l.LastTime, l.Codec = &first, &last, s.Codec.String()
	}
	if s.Sealed {
		l.State, l.Chain = "sealed", s.Chain.String()
	}
	switch {
	case s.Archived:
		l.State = "archived"
	case s.Recovered:
		l.State = "recovered"
	}
	return l
}

func listSegments(set *userjournal.Set, asJSON bool) error {
	damaged := false
	err := show(false, func(w *bufio.Writer) error {
		all := []listed{}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		if !asJSON {
			fmt.Fprintln(t, "SEGMENT\tSTATE\tORDINALS\tRECORDS\tFROM\tTO\tBYTES\tSTORED\tCODEC\tCHAIN")
		}
		for i, r := range set.Shards() {
			err := r.Segments(func(s userjournal.SegmentInfo) error {
				l := newListed(s)
				if len(set.Shards()) > 1 {
					l.Name = filepath.Join(set.Dirs()[i], l.Name)
				}
				damaged = damaged || s.Err != nil
				if asJSON {
					all = append(all, l)
					return nil
				}
				l.print(t)
				return nil
			})
			if err != nil {
				return err
			}
		}
		if asJSON {
			return writeJSON(w, all)
		}
		return t.Flush()
	})
	if err == nil && damaged {
		return exit.With(exit.Verify, errors.New("a segment cannot be read; `vexjctl verify` tells more"))
	}
	return err
}

func (l *listed) print(t *tabwriter.Writer) {
	stamp := func(at *time.Time) string {
		if at == nil {
			return "-"
		}
		return at.Local().Format(time.DateTime)
	}
	ordinals, codec, chain := "-", l.Codec, l.Chain
	if l.Last >= l.First {
		ordinals = fmt.Sprintf("%d-%d", l.First, l.Last)
	}
	if codec == "" {
		codec = "-"
	}
	if chain == "" {
		chain = "-"
	} else {
		chain = chain[:16]
		if l.Signed {
			chain += " signed"
		}
	}
	if l.Why != "" {
		fmt.Fprintf(os.Stderr, "vexjctl journal ls: %s\n", quote.Text(l.Why))
	}
	fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, l.State, ordinals, l.Records,
		stamp(l.FirstTime), stamp(l.LastTime), capture.Size(l.Bytes), capture.Size(l.StoredBytes), codec, chain)
}
