// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"

	"github.com/spf13/cobra"

	"vexj/internal/answer"
	"vexj/internal/quote"
	"vexj/query"
)

func newWhy() *cobra.Command {
	var a ask
	cmd := &cobra.Command{
		Use:   "why ID",
		Short: "Tell how an event came about",
		Long: `Tell how the event with the id ID came about: what caused it, up to the first
cause, the intent that is among the causes, and the process that acted with those
that it descends from, as far as the journal knows them.`,
		Args: exactArgs(1, "one event id"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.run(func(q *questioner) (any, error) {
				id, err := answer.ParseID(args[0])
				if err != nil {
					return nil, err
				}
				if q.json {
					return q.tell.Why(id)
				}
				w, err := q.q.Why(id)
				if err != nil {
					return nil, err
				}
				return nil, q.why(w)
			})
		},
	}
	a.flags(cmd, "text", "json")
	return cmd
}

func (q *questioner) why(w *query.Why) error {
	if err := q.line("", w.Event); err != nil {
		return err
	}
	list := func(title string, events []query.Event) error {
		if len(events) > 0 {
			q.printf("%s\n", title)
		}
		for _, e := range events {
			if err := q.line("  ", e); err != nil {
				return err
			}
		}
		return nil
	}
	if err := list("caused by", w.Causes); err != nil {
		return err
	}
	if w.Root != nil {
		if err := list("going back to", []query.Event{*w.Root}); err != nil {
			return err
		}
	}
	if err := list("linked to", w.Links); err != nil {
		return err
	}
	if w.Cut {
		q.printf("a cause that is named is not in the journal\n")
	}
	if i := w.Intent; i != nil {
		q.printf("for%s\n", purpose(i.Agent, i.Session, i))
	}
	if len(w.Processes) > 0 {
		q.printf("done by\n")
	}
	for i := range w.Processes {
		q.process(&w.Processes[i])
	}
	return nil
}

func (q *questioner) process(a *query.Ancestor) {
	q.printf("  ")
	if a.Command != "" {
		q.printf("%s", quote.String(a.Command))
	}
	q.printf("[%d]", a.PID)
	if a.Exec != nil {
		q.printf(" %s", quote.String(string(a.Exec.Rec.Path())))
		for arg := range bytes.SplitSeq(bytes.TrimSuffix(a.Exec.Rec.Argv(), []byte{0}), []byte{0}) {
			if len(arg) > 0 {
				q.printf(" %s", quote.String(string(arg)))
			}
		}
	}
	if a.Fork == nil {
		q.printf("  (it began before the journal)")
	}
	q.printf("\n")
}

func newImpact() *cobra.Command {
	var a ask
	var page answer.PageOptions
	cmd := &cobra.Command{
		Use:   "impact ID",
		Short: "Tell what came of an event",
		Long: `Show what came of the event with the id ID: the records that name it as their
cause, those that name these, and so on, and all that go back to it. Of the fork
or the exec of a process also what the process did, and those that it made.`,
		Args: exactArgs(1, "one event id"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.run(func(q *questioner) (any, error) {
				id, err := answer.ParseID(args[0])
				if err != nil {
					return nil, err
				}
				if q.json {
					return q.tell.Impact(id, page)
				}
				return nil, q.impact(id, page.Limit)
			})
		},
	}
	a.flags(cmd, "text", "json")
	cmd.Flags().IntVar(&page.Limit, "limit", answer.DefaultLimit, "show at most this `number` of records")
	cmd.Flags().StringVar(&page.After, "after-cursor", "", "with -o json, those behind the one with this `cursor`")
	return cmd
}

func (q *questioner) impact(id uint64, limit int) error {
	if limit < 1 || limit > answer.MaxLimit {
		return answer.ErrLimit
	}
	i, err := q.q.Impact(id, 0)
	if err != nil {
		return err
	}
	if err := q.line("", i.Event); err != nil {
		return err
	}
	q.printf("%d records come of it", len(i.Effects))
	if i.Over {
		q.printf(", and more than can be followed")
	}
	q.printf("\n")
	for _, e := range i.Effects[:min(len(i.Effects), limit)] {
		rec, err := q.set.Get(e.Ordinal)
		if err != nil {
			return err
		}
		if err := q.line("  ", query.Event{Ordinal: e.Ordinal, Rec: rec}); err != nil {
			return err
		}
	}
	if left := len(i.Effects) - limit; left > 0 {
		q.printf("  and %d more; --limit shows more of them\n", left)
	}
	return nil
}
