// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vexj/agent/params"
	"vexj/agent/stream"
	"vexj/agent/subscribe"
	"vexj/cmd/internal/exit"
	"vexj/internal/render"
)

// streamFlags are what verbs have in common that ask a recorder for a stream.
type streamFlags struct {
	out    output
	socket string
	after  string
	utc    bool
	values map[string]*[]string
	on     map[string]*bool
}

// filterHelp says what the flags of a filter mean; those of a stream are the
// parameters that the recorder takes.
var filterHelp = map[string]string{
	"type":          "records of these `types`, categories or groups (repeatable; -word takes away)",
	"category":      "records of these `categories` (repeatable)",
	"path":          "records with a path that matches this `pattern` (repeatable)",
	"pid":           "records of this `process` (repeatable)",
	"uid":           "records of this `user`'s number (repeatable)",
	"comm":          "records of commands that match this `pattern` (repeatable)",
	"inode":         "records of an object with this inode `number` (repeatable)",
	"agent":         "records with this agent `id` (repeatable)",
	"session":       "records of this `session`, its name or number (repeatable)",
	"transaction":   "records of this `transaction` (repeatable)",
	"chain":         "records of this causality `chain` (repeatable)",
	"tag":           "records with this `tag` (repeatable)",
	"flag":          "records with these event `flags`, all of them",
	"min-priority":  "records of this `priority` or a more urgent one",
	"min-relevance": "records of this relevance `score` or a higher one",
	"where":         "records for which this CEL `expression` is true",
	"since":         "records from this `time` on",
	"until":         "records before this `time`",
	"failed":        "records of operations that failed",
	"succeeded":     "records of operations that did not fail",
}

func (f *streamFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.values, f.on = map[string]*[]string{}, map[string]*bool{}
	for _, name := range params.Names() {
		if name == "failed" || name == "succeeded" {
			f.on[name] = fs.Bool(name, false, filterHelp[name])
			continue
		}
		f.values[name] = fs.StringArray(name, nil, filterHelp[name])
	}
	f.out.flags(cmd, "short", "wide", "ndjson")
	fs.StringVar(&f.after, "after", "", "begin behind the record with this `cursor`; oldest: with the oldest there is")
	fs.BoolVar(&f.utc, "utc", false, "show times in UTC, not in local time")
	socketFlagOnly(cmd, &f.socket)
	completeType(cmd)
}

// filter is the parameters, which are checked here so that what is wrong with them is
// the command line's.
func (f *streamFlags) filter() (url.Values, error) {
	v := url.Values{}
	for name, values := range f.values {
		if len(*values) > 0 {
			v[name] = *values
		}
	}
	for name, on := range f.on {
		if *on {
			v.Set(name, "true")
		}
	}
	if _, err := params.Conditions(v, time.Now()); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return v, nil
}

// run subscribes and calls fn for each event.
func (f *streamFlags) run(ctx context.Context, filter url.Values, once bool, fn func(*subscribe.Event) error) error {
	client, socket, err := dialOnly(ctx, f.socket)
	if err != nil {
		return err
	}
	client.Close()
	err = subscribe.Run(ctx, subscribe.Options{Socket: socket, Filter: filter, After: f.after, Once: once, Lost: func(err error) {
		fmt.Fprintf(os.Stderr, "vexjctl: %v; trying again\n", err)
	}}, fn)
	var refused *subscribe.RefusedError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusBadRequest:
		return exit.With(exit.Usage, err)
	case errors.Is(err, subscribe.ErrUnreachable):
		return exit.With(exit.Unreachable, err)
	}
	return err
}

// A streamPrinter writes what a stream brings.
type streamPrinter struct {
	w      *bufio.Writer
	format string
	line   *render.Line
	object *render.Object
	buf    []byte
}

func (f *streamFlags) printer(color bool) *streamPrinter {
	loc := time.Local
	if f.utc {
		loc = time.UTC
	}
	return &streamPrinter{w: bufio.NewWriter(os.Stdout), format: f.out.format,
		line: render.NewLine(f.out.format == "wide", color, loc), object: render.NewObject()}
}

// event writes a record or a gap, if there is one.
func (p *streamPrinter) event(e *subscribe.Event) error {
	switch {
	case e.Record != nil:
		entry := render.Entry{Ordinal: e.Ordinal, Wall: e.Wall, Rec: e.Record}
		p.buf = p.buf[:0]
		if p.format != "ndjson" {
			p.buf = p.line.Append(p.buf, entry)
			break
		}
		p.buf = fmt.Appendf(p.buf, `{"cursor":%q`, e.Cursor)
		comma := len(p.buf)
		p.buf = append(p.object.Append(p.buf, entry), '\n')
		p.buf[comma] = ','
	case e.Gap != nil && p.format == "ndjson":
		b, err := json.Marshal(stream.Line{Gap: e.Gap})
		if err != nil {
			return err
		}
		p.buf = append(append(p.buf[:0], b...), '\n')
	case e.Gap != nil:
		p.buf = fmt.Appendf(p.buf[:0], "-- gap: %s\n", gapText(e.Gap))
	default:
		return nil
	}
	if _, err := p.w.Write(p.buf); err != nil {
		return err
	}
	return p.w.Flush()
}

func gapText(g *stream.Gap) string {
	text := []string{g.Reason}
	if g.Missed > 0 {
		text = append(text, fmt.Sprintf("%d records of these were missed", g.Missed))
	}
	if g.Lost > 0 {
		text = append(text, fmt.Sprintf("%d records were lost, cause %s", g.Lost, g.Cause))
	}
	return strings.Join(text, ", ")
}
