// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/export"
	"vexj/export/deliver"
	"vexj/export/folder"
	"vexj/export/otlp"
	"vexj/query"
	"vexj/userjournal"
)

type exportFlags struct {
	logFlags // the conditions, and the journal

	to       string
	consumer string
	follow   bool
	every    time.Duration
	forAgent string
	headers  string
	patience time.Duration
}

func newExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Give records to other systems: Parquet, OpenTelemetry, CloudEvents",
		Long: `Give the records of a journal to other systems, the oldest first. --to is

  parquet:FOLDER          files of Apache Parquet, typed
  otlp:URL                log records of OpenTelemetry, by OTLP over HTTP
  cloudevents:FOLDER      files of CloudEvents, one a line
  cloudevents:URL         batches of CloudEvents, by HTTP
  cloudevents:-           CloudEvents, one a line, to the standard output

Into a folder each record comes once: begun again, also after a kill, the export goes
on where it was. To a URL and to the standard output, records are sent from the
beginning, or with --consumer from where that consumer is; who was interrupted sends
the last ones again, and each has an id by which that can be told.

Records of losses, and stretches of the journal that cannot be read, are exported
whatever the conditions are.`,
		Example: `  vexjctl export --to parquet:/srv/vexj-parquet --type modify
  vexjctl export --to otlp:http://127.0.0.1:4318 --consumer otel --follow
  vexjctl export --to cloudevents:- --since 1h --path /etc/`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	journalFlag(cmd, &f.journal)
	f.conditionFlags(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.to, "to", "", "`target`: parquet:, otlp: or cloudevents: and a folder or a URL")
	fs.StringVar(&f.consumer, "consumer", "", "records that this `name` has not acknowledged; they are, once the target has them")
	fs.BoolVarP(&f.follow, "follow", "f", false, "go on with what is recorded from now on, until ^C")
	fs.DurationVar(&f.every, "every", 0, "with -f, give what there is to the target after this `time` (default 1s, and 1m into a folder)")
	fs.StringVar(&f.forAgent, "for-agent", "", "only what the policy lets the agent of this `name` see")
	fs.StringVar(&f.headers, "headers", "", "`file` with headers for a URL, a line NAME: VALUE each")
	fs.DurationVar(&f.patience, "patience", 5*time.Minute, "for how long a URL that does not take records is tried, a `time`")
	return cmd
}

func (f *exportFlags) run(ctx context.Context) (err error) {
	if f.fields.where == "help" {
		return whereHelp()
	}
	c, err := f.conditions(time.Now())
	if err != nil {
		return err
	}
	c.Losses = true
	view, err := f.view()
	if err != nil {
		return err
	}
	filter, err := c.Compile(view)
	if err != nil {
		return err
	}
	set, err := openJournal(f.journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	sink, err := f.target(set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	x := &export.Export{Set: set, Filter: filter, Sink: sink, Follow: f.follow, Every: f.interval(sink)}
	if !view.Whole() {
		x.Shown = query.Inquire(query.During(ctx, set), view).Shown
	}
	x.Damage = func(d *userjournal.DamageError) { fmt.Fprintf(os.Stderr, "vexjctl export: %v\n", d) }
	if err := f.begin(x); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	report, err := x.Run(ctx)
	return f.tell(sink, report, err)
}

func (f *exportFlags) view() (query.View, error) {
	if f.forAgent == "" {
		return query.All, nil
	}
	asked := mcpFlags{agent: f.forAgent, visibility: "all"}
	return asked.view()
}

// interval is how long a record may wait for its target.
func (f *exportFlags) interval(sink export.Sink) time.Duration {
	if f.every > 0 {
		return f.every
	}
	if _, ok := sink.(*folder.Folder); ok {
		return time.Minute // a file each
	}
	return time.Second
}

// begin finds where to begin, and has the consumer told how far the target is.
func (f *exportFlags) begin(x *export.Export) error {
	if f.consumer != "" {
		one, err := x.Set.Consumers().Get(f.consumer)
		if err != nil {
			return err
		}
		x.After = one.Acknowledged
		x.Committed = func(upto userjournal.Position) error {
			return x.Set.Consumers().Acknowledge(f.consumer, upto)
		}
	}
	// What a folder has is known best by itself.
	if in, ok := x.Sink.(*folder.Folder); ok && in.After() != nil {
		x.After = in.After()
	}
	return nil
}

// selection is how a folder remembers the conditions: but for those about time, which
// say from when on and until when this time.
func (f *exportFlags) selection() string {
	var words []string
	for _, flag := range f.given() {
		if flag.Name != "since" && flag.Name != "until" {
			words = append(words, "--"+flag.Name+"="+flag.Value.String())
		}
	}
	if f.forAgent != "" {
		words = append(words, "--for-agent="+f.forAgent)
	}
	return strings.Join(words, " ")
}

// tell says what was exported, and what of it did not arrive.
func (f *exportFlags) tell(sink export.Sink, r export.Report, err error) error {
	switch {
	case errors.Is(err, deliver.ErrRefused):
		return exit.With(exit.Unreachable, fmt.Errorf("%w; %d records were taken; with --consumer the same command goes on there", err, r.Sent))
	case errors.Is(err, export.ErrStopped):
		return fmt.Errorf("%w: %d records were exported", err, r.Sent)
	case err != nil:
		return err
	}
	fmt.Fprintf(os.Stderr, "vexjctl export: %d records, %d of them of losses\n", r.Sent, r.Losses)
	if s, ok := sink.(*otlp.Sink); ok && s.Rejected > 0 {
		return fmt.Errorf("the endpoint rejected %d records for good: %q", s.Rejected, s.Said)
	}
	if r.Gaps > 0 {
		return errors.New("part of the journal cannot be read, see above; it was exported as a loss")
	}
	return nil
}
