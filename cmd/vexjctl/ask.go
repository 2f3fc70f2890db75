// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/internal/answer"
	"vexj/internal/quote"
	"vexj/query"
	"vexj/userjournal"
)

// ask is what the verbs that follow causes have in common.
type ask struct {
	out     output
	journal string
	utc     bool
}

func (a *ask) flags(cmd *cobra.Command, formats ...string) {
	journalFlag(cmd, &a.journal)
	a.out.flags(cmd, formats...)
	cmd.Flags().BoolVar(&a.utc, "utc", false, "show times in UTC, not in local time")
}

// A questioner is an open journal with a way to show what it says.
type questioner struct {
	*printer
	set   *userjournal.Set
	q     *query.Inquiry
	tell  *answer.Teller
	loc   *time.Location
	json  bool
	paint bool
}

// run opens the journal and calls f, with whatever is to be printed as JSON for
// an answer: of text f prints for itself.
func (a *ask) run(f func(q *questioner) (object any, err error)) (err error) {
	color, err := a.out.check()
	if err != nil {
		return err
	}
	set, err := openJournal(a.journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	q := &questioner{set: set, q: query.Inquire(set, query.All), tell: answer.New(context.Background(), set, query.All), loc: time.Local,
		json: a.out.format == "json" || a.out.format == "ndjson", paint: color}
	if a.utc {
		q.loc = time.UTC
	}
	err = show(!q.json, func(w *bufio.Writer) error {
		q.printer = newPrinter(w, set, "short", color, q.loc)
		object, err := f(q)
		if err == nil && object != nil {
			err = writeJSON(w, object)
		}
		return err
	})
	switch {
	case errors.Is(err, userjournal.ErrNotFound):
		return exit.With(exit.NoMatch, err)
	case errors.Is(err, answer.ErrID), errors.Is(err, query.ErrPattern), errors.Is(err, query.ErrCondition), errors.Is(err, answer.ErrLimit):
		return exit.With(exit.Usage, err)
	case err == nil && (q.q.Damaged() || q.tell.Damaged()):
		return errors.New("part of the journal cannot be read, so that something may be missing; `vexjctl verify` tells all of it")
	}
	return err
}

// line prints the line of an event, as log does.
func (q *questioner) line(indent string, e query.Event) error {
	if _, err := q.w.WriteString(indent); err != nil {
		return err
	}
	return q.record(e.Ordinal, e.Rec)
}

func (q *questioner) printf(format string, args ...any) { fmt.Fprintf(q.w, format, args...) }

func (q *questioner) clock(t time.Time) string { return t.In(q.loc).Format("2006-01-02 15:04:05.000") }

// purpose says for whom and why something was done.
func purpose(agent string, session uint64, i *query.Intent) string {
	text := ""
	if agent != "" {
		text += " agent " + quote.String(agent)
	}
	if i != nil && i.Name != "" && i.Session == session {
		text += " session " + quote.String(i.Name)
	} else if session != 0 {
		text += fmt.Sprintf(" session %d", session)
	}
	if i != nil {
		text += " intent " + quote.String(i.Text) + fmt.Sprintf(" (0x%016x)", i.Rec.EventID())
	}
	return text
}
