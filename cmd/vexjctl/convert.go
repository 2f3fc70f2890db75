// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/compat"
	"vexj/internal/quote"
	"vexj/uapi"
	"vexj/userjournal"
)

// A conversion is what the command line of convert asks for.
type conversion struct {
	from, to string
	format   string // of to
	dryRun   bool
	anew     bool
	options  compat.Options
}

const formatJournal = "usjl2"

var formats = []string{formatJournal, uapi.LegacySemj1.String(), uapi.LegacyUsjl1.String()}

func newConvert() *cobra.Command {
	var (
		out  output
		c    conversion
		boot string
	)
	cmd := &cobra.Command{
		Use:   "convert FROM TO",
		Short: "Convert a legacy journal, or into one",
		Long: `Convert the legacy files SEMJ and USJL version 1 into a journal, a journal into
one of them, or one of them into the other. What FROM is, is found out; a journal
is a folder, a legacy one a file. TO must not be there.

Nothing gets lost: what the other format has no field for is kept beside, and
counted here. From what a legacy file became, the same file is made again, byte
for byte; from what a journal became, the same records. A file that is damaged is
refused with the offset, unless --salvage is given.`,
		Args: exactArgs(2, "what to convert, and into what"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			c.from, c.to = args[0], args[1]
			if boot != "" {
				t, err := time.Parse(time.RFC3339Nano, boot)
				if err != nil {
					return exit.Usagef("--booted %q: write it like 2026-03-01T12:00:00Z", boot)
				}
				c.options.WallOffset = t.UnixNano()
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			p := newBytesProgress(os.Stderr)
			c.options.Progress = p.draw
			report, err := c.run(ctx)
			p.end()
			if err != nil {
				return convertError(err)
			}
			return showReport(&out, &c, report)
		},
	}
	out.flags(cmd, "text", "json")
	f := cmd.Flags()
	f.StringVar(&c.format, "to", "", "`format` to convert into: usjl2, semj1, usjl1; a legacy file becomes usjl2 without it")
	f.BoolVar(&c.dryRun, "dry-run", false, "write nothing, and say what would be")
	f.BoolVar(&c.options.Salvage, "salvage", false, "keep what is damaged as it is, and convert the rest")
	f.BoolVar(&c.anew, "anew", false, "make a new legacy file, also of records that came from one")
	f.StringVar(&boot, "booted", "", "`time` when the machine of a SEMJ file was booted, which its time stamps count from")
	_ = cmd.RegisterFlagCompletionFunc("to", fixed(formats))
	return cmd
}

func convertError(err error) error {
	var bad *compat.FormatError
	switch {
	case errors.As(err, &bad):
		return exit.With(exit.Verify, fmt.Errorf("%w; --salvage keeps what is damaged as it is", err))
	case errors.Is(err, compat.ErrIncomplete):
		return fmt.Errorf("%w; --anew makes a new file of those that are there", err)
	case errors.Is(err, context.Canceled):
		return errors.New("stopped, and nothing was left behind")
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w; choose another name, or remove it first", err)
	}
	return err
}

// run converts and returns what the legacy side reports.
func (c *conversion) run(ctx context.Context) (*compat.Report, error) {
	info, err := os.Stat(c.from)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return c.fromJournal(ctx)
	}
	return c.fromFile(ctx)
}

// fromFile converts a legacy file.
func (c *conversion) fromFile(ctx context.Context) (_ *compat.Report, err error) {
	file, err := os.Open(c.from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	format, err := compat.Detect(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; a journal is named by its folder", c.from, err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	switch c.format {
	case "", formatJournal:
		return c.intoJournal(func(sink compat.Sink) (*compat.Report, error) {
			return compat.Import(file, size, watched{ctx, sink}, c.options)
		})
	case format.String():
		return nil, exit.Usagef("%s is of the format %s already", c.from, format)
	}
	return c.intoFile(func(sink compat.Sink) error {
		_, err := compat.Import(file, size, watched{ctx, sink}, c.options)
		return err
	})
}

// fromJournal converts a journal.
func (c *conversion) fromJournal(ctx context.Context) (_ *compat.Report, err error) {
	if c.format == "" || c.format == formatJournal {
		return nil, exit.Usagef("%s is a journal: say with --to which legacy format it shall become, semj1 or usjl1", c.from)
	}
	r, err := openJournal(c.from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return c.intoFile(func(sink compat.Sink) error { return c.play(watched{ctx, sink}, r) })
}

// play gives a sink the records of a journal, and what their clocks count from.
func (c *conversion) play(sink compat.Sink, s *userjournal.Set) error {
	info, err := s.Info()
	if err != nil {
		return err
	}
	last := userjournal.Clock{Boot: info.Boot, WallOffset: info.WallOffset}
	if info.Records > 0 {
		if last, err = s.Clock(info.FirstOrdinal); err != nil {
			return err
		}
	}
	if err := sink.Origin(compat.Origin{Boot: last.Boot, WallOffset: last.WallOffset}); err != nil {
		return err
	}
	o := userjournal.ScanOptions{}
	if c.options.Salvage {
		o.OnDamage = func(d *userjournal.DamageError) error {
			fmt.Fprintf(os.Stderr, "vexjctl convert: left out: %v\n", d)
			return nil
		}
	}
	n := int64(0)
	err = s.Scan(o, func(ordinal uint64, rec uapi.Record) error {
		clock, err := s.Clock(ordinal)
		if err != nil {
			return err
		}
		if clock != last {
			last = clock
			if err := sink.Origin(compat.Origin{Boot: clock.Boot, WallOffset: clock.WallOffset}); err != nil {
				return err
			}
		}
		if n++; n%1024 == 0 {
			c.options.Progress(n, int64(info.Records))
		}
		return sink.Append(rec)
	})
	if errors.Is(err, userjournal.ErrDamaged) && !errors.Is(err, compat.ErrIncomplete) {
		return exit.With(exit.Verify, fmt.Errorf("%w; --salvage leaves it out", err))
	}
	return err
}

// watched ends a conversion that was told to stop.
type watched struct {
	ctx context.Context
	compat.Sink
}

func (w watched) Append(rec uapi.Record) error {
	if w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	return w.Sink.Append(rec)
}

// reported is the report as JSON; its schema is that of the man page.
type reported struct {
	From     string         `json:"from"`
	To       string         `json:"to"`
	Format   string         `json:"legacy_format"`
	Events   uint64         `json:"events"`
	Parts    uint64         `json:"other_records"`
	Bytes    int64          `json:"legacy_bytes"`
	Restored bool           `json:"restored"`
	DryRun   bool           `json:"dry_run"`
	Facts    []reportedFact `json:"facts"`
	Damaged  uint64         `json:"damaged"`
	Damage   []string       `json:"damage"`
}

type reportedFact struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
	Where string `json:"kept_in"`
}

func showReport(out *output, c *conversion, r *compat.Report) error {
	v := reported{
		From: c.from, To: c.to, Format: r.Format.String(), Events: r.Events, Parts: r.Parts, Bytes: r.Bytes,
		Restored: r.Restored, DryRun: c.dryRun, Facts: []reportedFact{}, Damaged: r.Damaged, Damage: []string{},
	}
	for _, f := range r.Facts {
		v.Facts = append(v.Facts, reportedFact{f.Name, f.Count, f.Where})
	}
	for _, d := range r.Damage {
		v.Damage = append(v.Damage, d.Error())
	}
	return show(false, func(w *bufio.Writer) error {
		if out.format == "json" {
			return writeJSON(w, v)
		}
		v.print(w)
		return nil
	})
}

func (v *reported) print(w *bufio.Writer) {
	verb := "converted"
	if v.DryRun {
		verb = "would convert"
	}
	fmt.Fprintf(w, "%s %s to %s: %d events, %s of %s\n", verb, quote.String(v.From), quote.String(v.To),
		v.Events, capture.Size(uint64(v.Bytes)), v.Format)
	if v.Restored {
		fmt.Fprintln(w, "  what it was made of came back as it was, byte for byte")
	}
	for _, f := range v.Facts {
		fmt.Fprintf(w, "  no field for: %s (%d), kept in %s\n", quote.Text(f.Name), f.Count, f.Where)
	}
	for _, d := range v.Damage {
		fmt.Fprintf(w, "  damaged, kept as it is: %s\n", quote.Text(d))
	}
	if more := v.Damaged - uint64(len(v.Damage)); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}
