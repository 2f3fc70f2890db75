// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/answer"
	"vexj/internal/quote"
	"vexj/query"
)

func newBlame() *cobra.Command {
	var a ask
	var o query.BlameOptions
	var files int
	cmd := &cobra.Command{
		Use:   "blame PATH",
		Short: "Tell who changed a file, for which agent and why",
		Long: `Tell who changed the file that PATH names, or named last, the newest first: the
process, the agent, the session and the intent. The file is followed by its
identity, so that it does not matter under which name it was changed: before it was
renamed, before a folder above it was, or by another hard link.

Of a folder, tell who changed each file in it last.`,
		Args: exactArgs(1, "one path"),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			if o.Writers < 0 || files < 1 || files > query.MaxFiles {
				return exit.Usagef("-n is a number of writers, --files one of 1 to %d", query.MaxFiles)
			}
			return a.run(func(q *questioner) (any, error) {
				if q.json {
					return q.tell.Blame(path, o, files)
				}
				return nil, q.blame(path, o, files)
			})
		},
	}
	a.flags(cmd, "text", "json")
	cmd.Flags().IntVarP(&o.Writers, "lines", "n", query.DefaultWriters, "show this `number` of writers")
	cmd.Flags().BoolVar(&o.All, "all", false, "all of the history: who changed anything else about it, and files that had the path before")
	cmd.Flags().IntVar(&files, "files", answer.DefaultLimit, "of a folder, show this `number` of files")
	return cmd
}

func (q *questioner) blame(path string, o query.BlameOptions, files int) error {
	folder, err := q.q.IsFolder(path)
	if err != nil {
		return err
	}
	if folder && !o.All {
		list, more, err := q.q.BlameFolder(path, files)
		if err != nil {
			return err
		}
		for _, b := range list {
			q.printf("%s\n", quote.String(b.Path))
			q.writer(&b.Writers[0])
		}
		if more {
			q.printf("there are more; --files shows more of them\n")
		}
		return nil
	}
	b, err := q.q.Blame(path, o)
	if err != nil {
		return err
	}
	if b.Gone {
		q.printf("%s is not there any more\n", quote.String(b.Path))
	}
	for i := range b.Writers {
		q.writer(&b.Writers[i])
	}
	switch {
	case b.More:
		q.printf("there are earlier ones; -n shows more of them, --all all\n")
	case len(b.Writers) == 0:
		q.printf("nobody changed its content while the journal was kept\n")
	}
	return nil
}

func (q *questioner) writer(w *query.Writer) {
	q.printf("%s  %s[%d] uid=%d%s\n", q.clock(w.Last.Time), quote.String(w.Command), w.PID, w.UID, purpose(w.Agent, w.Session, w.Intent))
	q.printf("    %s", strings.Join(w.Types, " "))
	if w.Records > 1 {
		q.printf(", %d records since %s", w.Records, q.clock(w.First.Time))
	}
	if w.Bytes > 0 {
		q.printf(", %s written", capture.Size(w.Bytes))
	}
	q.printf(", as")
	for _, name := range w.Names {
		q.printf(" %s", quote.String(name))
	}
	q.printf("  (0x%016x)\n", w.Last.Rec.EventID())
}
