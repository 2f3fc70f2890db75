// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/answer"
	"vexj/internal/quote"
	"vexj/query"
)

func newReport() *cobra.Command {
	var a ask
	var o query.ReportOptions
	var by string
	var limit int
	var f logFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Count records by what they have in common",
		Long: `Count the records that meet the conditions, the bytes of them and of what they
read and wrote, and the different agents, processes and paths: all of them, and by
type, category, path, agent, session, command or time.`,
		Example: `  vexjctl report --by agent --since 1h
  vexjctl report --by path --depth 3 --type modify
  vexjctl report --by time --bucket 10m -o ndjson`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if f.fields.where == "help" {
				return whereHelp()
			}
			c, err := f.conditions(time.Now())
			if err != nil {
				return err
			}
			o.By = query.GroupBy(by)
			return a.run(func(q *questioner) (any, error) {
				r, err := q.tell.Report(c, o, limit)
				switch {
				case err != nil:
					return nil, err
				case a.out.format == "json":
					return r, nil
				case a.out.format == "ndjson":
					return nil, q.reportLines(r)
				}
				return nil, q.report(r)
			})
		},
	}
	a.flags(cmd, "text", "json", "ndjson")
	fs := cmd.Flags()
	fs.StringVar(&by, "by", string(query.ByNone), "a row for each of these: `"+strings.Join(query.GroupWords(), ", ")+"`")
	fs.IntVar(&o.Depth, "depth", 1, "with --by path, the first `number` of components")
	fs.DurationVar(&o.Bucket, "bucket", time.Hour, "with --by time, how long a row is")
	fs.IntVar(&limit, "limit", answer.DefaultLimit, "show at most this `number` of rows")
	f.conditionFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("by", fixed(query.GroupWords()))
	return cmd
}

func (q *questioner) report(r *answer.Report) error {
	t := tabwriter.NewWriter(q.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "records\tfailed\tbytes\tread\twritten\tagents\tpids\tpaths\t  %s\n", r.By)
	line := func(row *answer.Row, name string) {
		about := func(what string, n uint64) string {
			for _, a := range row.About {
				if a == what {
					return fmt.Sprintf("~%d", n)
				}
			}
			return fmt.Sprint(n)
		}
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t  %s\n", row.Records, row.Failed, capture.Size(row.Bytes), capture.Size(row.Read),
			capture.Size(row.Written), about("agents", row.Agents), about("pids", row.PIDs), about("paths", row.Paths), name)
	}
	for i := range r.Rows {
		name := "(none)"
		if key := r.Rows[i].Key; key != nil {
			name = quote.String(*key)
		}
		line(&r.Rows[i], name)
	}
	if r.Other != nil {
		line(r.Other, "(others, that there was no room for)")
	}
	line(&r.Total, "(all)")
	if err := t.Flush(); err != nil {
		return err
	}
	if r.More {
		q.printf("there are more rows; --limit shows more of them\n")
	}
	return nil
}

// reportLines are the rows, one a line, others and all last.
func (q *questioner) reportLines(r *answer.Report) error {
	type line struct {
		Kind string `json:"row"` // group, other, total
		answer.Row
	}
	e := json.NewEncoder(q.w)
	for _, row := range r.Rows {
		if err := e.Encode(line{"group", row}); err != nil {
			return err
		}
	}
	if r.Other != nil {
		if err := e.Encode(line{"other", *r.Other}); err != nil {
			return err
		}
	}
	return e.Encode(line{"total", r.Total})
}

// conditions are those of the flags that log and report share.
func (f *logFlags) conditions(now time.Time) (c query.Conditions, err error) {
	c = query.Conditions{Paths: f.paths, Agents: f.agents, Failed: f.failed, Inodes: numbers(f.inodes), Sessions: sessions(f.sessions)}
	if err = f.fields.add(&c); err != nil {
		return c, err
	}
	if c.Types, err = query.ParseTypes(f.types); err != nil {
		return c, exit.With(exit.Usage, err)
	}
	if c.PIDs, err = capture.PIDs(f.pids); err != nil {
		return c, exit.Usagef("--pid %w", err)
	}
	if c.Since, err = pointInTime("since", f.since, now); err != nil {
		return c, err
	}
	if c.Until, err = pointInTime("until", f.until, now); err != nil {
		return c, err
	}
	// What is wrong with them is an error of the command line.
	if _, err = c.Compile(query.All); err != nil {
		return c, exit.With(exit.Usage, err)
	}
	return c, nil
}
