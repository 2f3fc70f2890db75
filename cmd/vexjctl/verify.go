// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

func newVerify() *cobra.Command {
	var (
		out    output
		dir    string
		strict bool
		held   evidence
	)
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that a journal is whole, and account for what was lost",
		Long: `Read all of a journal, check its structure, checksums and order, and for each run
of a producer that what it attempted is what was recorded and what was lost.

With --key or --checkpoint hold it also against signatures, or against what was
printed of it before: then it is found too if somebody changed records and made
all that depends on them again.

The exit code is 7 if something is damaged or does not add up, and with --strict
6 if records were lost.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) (err error) {
			color, err := out.check()
			if err != nil {
				return err
			}
			proof, err := held.read()
			if err != nil {
				return err
			}
			r, err := openJournal(dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			v, err := newJudgement(dir, r, proof)
			if err != nil {
				return err
			}
			err = show(false, func(w *bufio.Writer) error {
				if out.format == "json" {
					return writeJSON(w, v)
				}
				v.print(w, color)
				return nil
			})
			return errors.Join(err, v.err(strict))
		},
	}
	journalFlag(cmd, &dir)
	out.flags(cmd, "text", "json")
	held.flags(cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with 6 if records were lost")
	return cmd
}

// judgement is what verify finds; as JSON its schema is that of the man page.
type judgement struct {
	Journal   string   `json:"journal"`
	OK        bool     `json:"ok"`
	Attempted uint64   `json:"attempted"`
	Recorded  uint64   `json:"recorded"`
	Lost      uint64   `json:"lost"`
	Missing   uint64   `json:"missing"`
	Gaps      bool     `json:"gaps"`
	Writer    int      `json:"writer_pid"`
	Problems  []string `json:"problems"`
	Structure struct {
		Segments    int    `json:"segments"`
		Blocks      int    `json:"blocks"`
		Records     uint64 `json:"records"`
		Bytes       uint64 `json:"bytes"`
		StoredBytes uint64 `json:"stored_bytes"`
		Unreadable  uint64 `json:"unreadable_records"`
		Tail        int64  `json:"unfinished_bytes"`
		Sealed      bool   `json:"sealed"`
	} `json:"structure"`
	Attested   attested       `json:"attested"`
	ClockSteps []clockStep    `json:"clock_steps"`
	Runs       []runJudgement `json:"runs"`

	asked bool // for evidence
}

// attested is what evidence stands for.
type attested struct {
	Records     uint64 `json:"records"`
	Last        uint64 `json:"last_ordinal"` // 0: of several shards
	Signatures  int    `json:"signatures"`
	Checkpoints int    `json:"checkpoints"`
	Unchecked   int    `json:"unchecked"`
}

func (a *attested) upto() string {
	if a.Last == 0 {
		return ""
	}
	return fmt.Sprintf(", up to ordinal %d", a.Last)
}

// clockStep is a wall clock that went back.
type clockStep struct {
	First uint64 `json:"first_ordinal"`
	Back  int64  `json:"back_ns"`
}

// runJudgement is one run of a producer.
type runJudgement struct {
	Producer  string            `json:"producer"`
	First     uint64            `json:"first_ordinal"`
	Last      uint64            `json:"last_ordinal"`
	FirstTime time.Time         `json:"first_time"`
	LastTime  time.Time         `json:"last_time"`
	Started   bool              `json:"started"`
	Stopped   bool              `json:"stopped"`
	Attempted uint64            `json:"attempted"`
	Recorded  uint64            `json:"recorded"`
	Lost      uint64            `json:"lost"`
	Missing   uint64            `json:"missing"`
	LostBy    map[string]uint64 `json:"lost_by_cause"`
	Gaps      uint64            `json:"lost_records"`
	Filtered  uint64            `json:"filtered"`
	Uncovered []string          `json:"uncovered"`
	Problems  []string          `json:"problems"`
	Notes     []string          `json:"notes"`
}

func newJudgement(dir string, r *userjournal.Set, held userjournal.Evidence) (*judgement, error) {
	v := &judgement{Journal: dir, Problems: []string{}, Runs: []runJudgement{}, ClockSteps: []clockStep{}}
	report, err := r.VerifyAgainst(held, func(p userjournal.Problem) { v.Problems = append(v.Problems, p.String()) })
	if err != nil {
		return nil, err
	}
	s := &v.Structure
	s.Segments, s.Blocks, s.Records = report.Segments, report.Blocks, report.Records
	s.Bytes, s.StoredBytes = report.RawBytes, report.StoredBytes
	s.Unreadable, s.Tail, s.Sealed = report.LostRecords, report.TailBytes, report.Clean

	x := report.Attested
	v.Attested = attested{x.Records, x.Upto, x.Signatures, x.Points, x.Unchecked}
	v.asked = held.Key != userjournal.PublicKey{} || len(held.Checkpoints) > 0
	for _, c := range report.ClockSteps {
		v.ClockSteps = append(v.ClockSteps, clockStep{c.First, int64(c.Back)})
	}

	a, err := query.Audit(r)
	if err != nil {
		return nil, err
	}
	v.Attempted, v.Recorded, v.Lost, v.Missing = a.Attempted(), a.Journaled(), a.Lost(), a.Missing()
	for _, p := range a.Strays {
		v.Problems = append(v.Problems, p.String())
	}
	for _, e := range a.Epochs {
		run := newRunJudgement(e)
		v.Gaps = v.Gaps || run.Lost+run.Missing+run.Gaps > 0
		v.Runs = append(v.Runs, run)
	}
	v.OK = report.OK() && a.Sound()
	info, err := r.Info()
	if err != nil {
		return nil, err
	}
	v.Writer = info.Writer
	// Whoever was killed did not say what it lost.
	v.Gaps = v.Gaps || !s.Sealed && v.Writer == 0
	return v, nil
}

func newRunJudgement(e *query.Epoch) runJudgement {
	v := runJudgement{
		Producer: e.Producer.String(), First: e.First, Last: e.Last,
		FirstTime: e.FirstTime.UTC(), LastTime: e.LastTime.UTC(), Started: e.Started, Stopped: e.Stopped,
		Attempted: e.Attempted, Recorded: e.Records, Lost: e.Lost, Missing: e.Missing,
		LostBy: map[string]uint64{}, Gaps: e.LostRecords, Filtered: e.Counters.Filtered,
		Uncovered: []string{}, Problems: []string{}, Notes: append([]string{}, e.Notes...),
	}
	for cause, n := range e.LostBy {
		if n > 0 {
			v.LostBy[uapi.Cause(cause).String()] = n
		}
	}
	for line := range strings.Lines(e.Coverage) {
		v.Uncovered = append(v.Uncovered, strings.TrimSuffix(line, "\n"))
	}
	for _, p := range e.Problems {
		v.Problems = append(v.Problems, p.String())
	}
	if e.More > 0 {
		v.Problems = append(v.Problems, fmt.Sprintf("and %d more", e.More))
	}
	return v
}

// err is what the exit code is made of.
func (v *judgement) err(strict bool) error {
	switch {
	case !v.OK:
		return exit.With(exit.Verify, errors.New("the journal is damaged or its accounts do not add up; "+
			"what can still be read is shown by `vexjctl log`"))
	case strict && v.Gaps:
		return exit.With(exit.Gap, errors.New("what the journal has is whole, and records were lost before they reached it"))
	}
	return nil
}

func (v *judgement) print(w *bufio.Writer, color bool) {
	s := &v.Structure
	fmt.Fprintf(w, "journal %s\n", quote.String(v.Journal))
	fmt.Fprintf(w, "  %d records in %d blocks of %d segments, %s as %s\n",
		s.Records, s.Blocks, s.Segments, capture.Size(s.Bytes), capture.Size(s.StoredBytes))
	switch {
	case s.Sealed:
	case v.Writer != 0:
		fmt.Fprintf(w, "  process %d is recording\n", v.Writer)
	default:
		fmt.Fprintf(w, "  not closed: the recorder was killed or the end was cut off; %d bytes there are unfinished\n", s.Tail)
	}
	if a := &v.Attested; v.asked {
		fmt.Fprintf(w, "  attested: %d of %d records%s, by %d signatures and %d checkpoints\n",
			a.Records, s.Records, a.upto(), a.Signatures, a.Checkpoints)
		if a.Unchecked > 0 {
			fmt.Fprintf(w, "  %d checkpoints are of records that are no longer kept\n", a.Unchecked)
		}
	}
	for _, c := range v.ClockSteps {
		fmt.Fprintf(w, "  the clock was set back by %v before ordinal %d\n", time.Duration(c.Back), c.First)
	}
	for i := range v.Runs {
		v.Runs[i].print(w)
	}
	for _, p := range v.Problems {
		fmt.Fprintf(w, "problem: %s\n", quote.Text(p))
	}
	fmt.Fprintf(w, "attempted %d = recorded %d + lost %d", v.Attempted, v.Recorded, v.Lost)
	if v.Missing > 0 {
		fmt.Fprintf(w, " + missing %d", v.Missing)
	}
	verdict := "PASS"
	if !v.OK {
		verdict = "FAIL"
	}
	fmt.Fprintf(w, "\n%s\n", paintVerdict(verdict, color))
}

func (e *runJudgement) print(w *bufio.Writer) {
	const layout = "2006-01-02 15:04:05.000"
	fmt.Fprintf(w, "run of %s, %s to %s, ordinals %d to %d\n", e.Producer,
		e.FirstTime.Local().Format(layout), e.LastTime.Local().Format(layout), e.First, e.Last)
	fmt.Fprintf(w, "  attempted %d, recorded %d, lost %d%s, filtered %d\n",
		e.Attempted, e.Recorded, e.Lost, causes(e.LostBy), e.Filtered)
	for _, p := range e.Problems {
		fmt.Fprintf(w, "  problem: %s\n", quote.Text(p))
	}
	for _, n := range e.Notes {
		fmt.Fprintf(w, "  note: %s\n", quote.Text(n))
	}
	for _, u := range e.Uncovered {
		fmt.Fprintf(w, "  blind to: %s\n", quote.Text(u))
	}
}

// causes lists what was lost by cause, in the order of the causes.
func causes(by map[string]uint64) string {
	var parts []string
	for c := range uapi.Cause(uapi.LostCauses) {
		if n := by[c.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", c, n))
		}
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
