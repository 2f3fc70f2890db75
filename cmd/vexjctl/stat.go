// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/query"
	"vexj/userjournal"
)

func newStat() *cobra.Command {
	var (
		out output
		dir string
		top int
	)
	cmd := &cobra.Command{
		Use:   "stat",
		Short: "Sum up a journal: what there is of what, and since when",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) (err error) {
			if _, err := out.check(); err != nil {
				return err
			}
			if top < 0 {
				return exit.Usagef("--top %d: it is a number of rows", top)
			}
			r, err := openJournal(dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			s, err := newSummary(dir, r, top)
			if err != nil {
				return err
			}
			if s.Records == 0 {
				return emptyJournal(dir)
			}
			err = show(false, func(w *bufio.Writer) error {
				if out.format == "json" {
					return writeJSON(w, s)
				}
				return s.print(w)
			})
			return errors.Join(err, s.damage)
		},
	}
	journalFlag(cmd, &dir)
	out.flags(cmd, "text", "json")
	cmd.Flags().IntVar(&top, "top", 10, "show this `number` of programs, paths and errors")
	return cmd
}

// summary is what stat finds; as JSON its schema is that of the man page.
type summary struct {
	Journal      string       `json:"journal"`
	Records      uint64       `json:"records"`
	FirstOrdinal uint64       `json:"first_ordinal"`
	LastOrdinal  uint64       `json:"last_ordinal"`
	FirstTime    time.Time    `json:"first_time"`
	LastTime     time.Time    `json:"last_time"`
	Segments     int          `json:"segments"`
	Bytes        uint64       `json:"bytes"`
	StoredBytes  uint64       `json:"stored_bytes"`
	Writer       int          `json:"writer_pid"`
	Failed       uint64       `json:"failed"`
	Lost         uint64       `json:"lost"`
	Read         uint64       `json:"read_bytes"`
	Written      uint64       `json:"written_bytes"`
	Types        []typeRow    `json:"types"`
	Programs     []weightRow  `json:"programs"`
	Processes    []processRow `json:"processes"`
	Paths        []weightRow  `json:"paths"`
	Errors       []weightRow  `json:"errors"`

	damage error
}

type typeRow struct {
	Type    string `json:"type"`
	Records uint64 `json:"records"`
	Failed  uint64 `json:"failed"`
	Bytes   uint64 `json:"bytes"`
	Nanos   int64  `json:"duration"`
}

// weightRow counts a name; Excess is by how much the count may be too high.
type weightRow struct {
	Name    string `json:"name"`
	Bytes   []byte `json:"name_bytes,omitempty"`
	Records uint64 `json:"records"`
	Excess  uint64 `json:"excess,omitempty"`
}

type processRow struct {
	PID uint32 `json:"pid"`
	weightRow
}

func newSummary(dir string, r *userjournal.Set, top int) (*summary, error) {
	info, err := r.Info()
	if err != nil {
		return nil, err
	}
	s := &summary{
		Journal: dir, Segments: info.Segments, StoredBytes: info.StoredBytes, Writer: info.Writer,
		Types: []typeRow{}, Programs: []weightRow{}, Processes: []processRow{}, Paths: []weightRow{}, Errors: []weightRow{},
	}
	all, err := query.Conditions{}.Compile(query.All)
	if err != nil {
		return nil, err
	}
	stat, err := query.Measure(r, all, userjournal.ScanOptions{OnDamage: func(d *userjournal.DamageError) error {
		s.damage = errors.Join(s.damage, d)
		return nil
	}})
	if err != nil {
		return nil, err
	}
	s.Records, s.FirstOrdinal, s.LastOrdinal = stat.Records, stat.First, stat.Last
	s.FirstTime, s.LastTime = stat.FirstTime.UTC(), stat.LastTime.UTC()
	s.Bytes, s.Failed, s.Lost, s.Read, s.Written = stat.Bytes, stat.Failed, stat.Lost, stat.Read, stat.Written
	for _, t := range stat.Types() {
		s.Types = append(s.Types, typeRow{t.Type.String(), t.Records, t.Failed, t.Bytes, t.Time.Nanoseconds()})
	}
	for _, t := range stat.Commands.Top(top) {
		s.Programs = append(s.Programs, newWeightRow(t.Key, t))
	}
	for _, t := range stat.Paths.Top(top) {
		s.Paths = append(s.Paths, newWeightRow(t.Key, t))
	}
	for _, t := range stat.Processes.Top(top) {
		p := query.ParseProcess(t.Key)
		s.Processes = append(s.Processes, processRow{p.PID, newWeightRow(p.Command, t)})
	}
	for i, e := range stat.Errnos() {
		if i < top {
			s.Errors = append(s.Errors, weightRow{Name: e.Errno.String(), Records: e.Records})
		}
	}
	return s, nil
}

func newWeightRow(name string, t query.Top) weightRow {
	row := weightRow{Name: name, Records: t.Weight, Excess: t.Excess}
	if b := []byte(name); !quote.Valid(b) {
		row.Name, row.Bytes = quote.Text(name), b
	}
	return row
}

// shown is the name for a terminal.
func (r *weightRow) shown() string {
	if r.Bytes != nil {
		return quote.String(string(r.Bytes))
	}
	return quote.String(r.Name)
}

func (s *summary) print(w *bufio.Writer) error {
	const layout = "2006-01-02 15:04:05.000"
	fmt.Fprintf(w, "journal %s\n", quote.String(s.Journal))
	fmt.Fprintf(w, "  %d records, %d failed, %d lost\n", s.Records, s.Failed, s.Lost)
	fmt.Fprintf(w, "  %s to %s\n", s.FirstTime.Local().Format(layout), s.LastTime.Local().Format(layout))
	fmt.Fprintf(w, "  %s as %s in %d segments\n", capture.Size(s.Bytes), capture.Size(s.StoredBytes), s.Segments)
	if s.Writer != 0 {
		fmt.Fprintf(w, "  process %d is recording\n", s.Writer)
	}
	fmt.Fprintf(w, "  %s read, %s written\n", capture.Size(s.Read), capture.Size(s.Written))

	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nrecords\tfailed\tbytes\t  type")
	for _, r := range s.Types {
		fmt.Fprintf(t, "%d\t%d\t%s\t  %s\n", r.Records, r.Failed, capture.Size(r.Bytes), r.Type)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	printWeights(w, "program", s.Programs)
	if len(s.Processes) > 0 {
		fmt.Fprintf(w, "\n%9s  process\n", "records")
	}
	for _, r := range s.Processes {
		fmt.Fprintf(w, "%9s  %s[%d]\n", r.weight(), r.shown(), r.PID)
	}
	printWeights(w, "path", s.Paths)
	printWeights(w, "error", s.Errors)
	return nil
}

func printWeights(w *bufio.Writer, what string, rows []weightRow) {
	if len(rows) > 0 {
		fmt.Fprintf(w, "\n%9s  %s\n", "records", what)
	}
	for _, r := range rows {
		fmt.Fprintf(w, "%9s  %s\n", r.weight(), r.shown())
	}
}

// weight marks a count that is an upper bound.
func (r *weightRow) weight() string {
	if r.Excess > 0 {
		return fmt.Sprintf("<=%d", r.Records)
	}
	return fmt.Sprint(r.Records)
}
