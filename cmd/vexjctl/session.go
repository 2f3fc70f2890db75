// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vexj/agent/session"
	"vexj/cmd/internal/capture"
	"vexj/internal/answer"
	"vexj/internal/quote"
	"vexj/query"
)

func newSession() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Tell of the sessions of agents",
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(newSessionLs(), newSessionShow(), newSessionDiff())
	return cmd
}

func newSessionLs() *cobra.Command {
	var a ask
	var limit int
	var since string
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the sessions, the last active first",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.run(func(q *questioner) (any, error) {
				from, err := pointInTime("since", since, time.Now())
				if err != nil {
					return nil, err
				}
				list, err := q.tell.Sessions(query.Conditions{Since: from}, limit)
				if err != nil || q.json {
					return list, err
				}
				return nil, q.sessions(list)
			})
		},
	}
	a.flags(cmd, "text", "json")
	cmd.Flags().IntVar(&limit, "limit", answer.DefaultLimit, "show at most this `number` of sessions")
	cmd.Flags().StringVar(&since, "since", "", "count records from this `time` on")
	return cmd
}

func (q *questioner) sessions(list *answer.Sessions) error {
	t := tabwriter.NewWriter(q.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "session\tagents\tlast active\trecords\tchanges\tfailed\twritten\tintents")
	for i := range list.Sessions {
		s := &list.Sessions[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%d\n", sessionName(s), quote.String(strings.Join(s.Agents, " ")), q.clock(*s.Last),
			s.Records, s.Changes, s.Failed, capture.Size(s.Written), s.Intents)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if list.More || list.Over {
		q.printf("there are more\n")
	}
	return nil
}

func sessionName(s *answer.Session) string {
	if s.Name != "" {
		return quote.String(s.Name)
	}
	return s.ID
}

func newSessionShow() *cobra.Command {
	var a ask
	var top int
	cmd := &cobra.Command{
		Use:   "show SESSION",
		Short: "Tell what happened in a session, given by its name or number",
		Args:  exactArgs(1, "one session"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.run(func(q *questioner) (any, error) {
				s, err := q.tell.Session(session.ID(args[0]), max(top, 0))
				if err != nil || q.json {
					return s, err
				}
				q.sessionStory(s)
				return nil, nil
			})
		},
	}
	a.flags(cmd, "text", "json")
	cmd.Flags().IntVar(&top, "top", 10, "show this `number` of programs and paths")
	return cmd
}

func (q *questioner) sessionStory(s *answer.SessionStory) {
	q.printf("session %s (%s) of %s\n", sessionName(&s.Session), s.ID, quote.String(strings.Join(s.Agents, " ")))
	q.printf("  %s to %s\n", q.clock(*s.First), q.clock(*s.Last))
	q.printf("  %d records, %d changes, %d failed, %s written\n", s.Records, s.Changes, s.Failed, capture.Size(s.Written))
	for _, i := range s.Declared {
		q.printf("intent %s (%s)\n  %s", quote.String(i.Text), i.ID, q.clock(*i.Time))
		if i.Ended != nil {
			q.printf(" to %s", q.clock(*i.Ended))
		}
		for _, glob := range i.Touch {
			q.printf(" %s", quote.String(glob))
		}
		q.printf("\n")
	}
	for _, list := range []struct {
		title string
		rows  []answer.Count
	}{{"type", s.Types}, {"program", s.Programs}, {"path", s.Paths}} {
		if len(list.rows) > 0 {
			q.printf("\n%9s  %s\n", "records", list.title)
		}
		for _, c := range list.rows {
			sign := ""
			if c.Excess > 0 {
				sign = "<="
			}
			q.printf("%9s  %s\n", sign+fmt.Sprint(c.Records), quote.String(c.Name))
		}
	}
}

func newSessionDiff() *cobra.Command {
	var a ask
	var limit int
	cmd := &cobra.Command{
		Use:   "diff SESSION",
		Short: "Hold what an agent declared against what it changed",
		Long: `Hold what the intents of a session declared to touch against what was changed in
it: '+' is a path that was changed and not declared, '-' a pattern of which nothing
was touched, '=' one with the number of paths that were.`,
		Args: exactArgs(1, "one session"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.run(func(q *questioner) (any, error) {
				d, err := q.tell.Diff(session.ID(args[0]), limit)
				if err != nil || q.json {
					return d, err
				}
				q.sessionDiff(d)
				return nil, nil
			})
		},
	}
	a.flags(cmd, "text", "json")
	cmd.Flags().IntVar(&limit, "limit", answer.DefaultLimit, "show at most this `number` of paths that were not declared")
	return cmd
}

func (q *questioner) sessionDiff(d *answer.Diff) {
	for _, p := range d.Declared {
		switch {
		case p.Bad:
			q.printf("? %s  (no pattern)\n", quote.String(p.Pattern))
		case p.Paths == 0:
			q.printf("- %s\n", quote.String(p.Whole))
		default:
			q.printf("= %s  %d\n", quote.String(p.Whole), p.Paths)
		}
	}
	for _, t := range d.Undeclared {
		q.printf("+ %s  %d since %s (%s)\n", quote.String(t.Path), t.Records, q.clock(*t.First), t.ID)
	}
	if d.More || d.Over {
		q.printf("there are more\n")
	}
	if d.Intents == 0 {
		q.printf("no intent was declared in this session\n")
	}
}
