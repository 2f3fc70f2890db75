// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/compat"
	"vexj/internal/parse"
	"vexj/internal/quote"
	"vexj/uapi"
)

func newImport() *cobra.Command {
	var c conversion
	cmd := &cobra.Command{
		Use:   "import FROM FOLDER",
		Short: "Make a journal of records as JSON, or of a legacy file",
		Long: `Make a journal of the objects that 'log -o ndjson' prints, one a line; - is the
standard input. A legacy file becomes one as by 'convert', which has more to say of
such. FOLDER must not be there.

The records are what they were, and so are their times; ordinals count from 1. What
cannot be read is an error that names the line, and no journal is made.`,
		Example: `  vexjctl log --since 1h -o ndjson >records
  vexjctl import records /tmp/journal`,
		Args: exactArgs(2, "what to import, and the folder of the journal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.from, c.to = args[0], args[1]
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			return convertError(importFrom(ctx, &c))
		},
	}
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "write nothing, and say what would be")
	return cmd
}

func importFrom(ctx context.Context, c *conversion) (err error) {
	file := os.Stdin
	if c.from != "-" {
		if file, err = os.Open(c.from); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return exit.Usagef("%s is a folder: a journal needs no import", c.from)
	}
	r := bufio.NewReaderSize(file, 64<<10)
	if !isJSON(r) {
		if c.from == "-" {
			return fmt.Errorf("the standard input %w", errNoJSON)
		}
		return importLegacy(ctx, c)
	}
	n, progress := uint64(0), newBytesProgress(os.Stderr)
	size := fileSize(file)
	_, err = c.intoJournal(func(sink compat.Sink) (_ *compat.Report, err error) {
		n, err = importLines(r, watched{ctx, sink}, func(done int64) { progress.draw(done, max(size, done)) })
		return nil, err
	})
	progress.end()
	if err != nil {
		return err
	}
	verb := "imported"
	if c.dryRun {
		verb = "would import"
	}
	fmt.Printf("%s %d records of %s into %s\n", verb, n, quote.String(c.from), quote.String(c.to))
	return nil
}

var errNoJSON = errors.New("does not begin with an object: give what `vexjctl log -o ndjson` prints")

// isJSON: the first byte that is no space begins an object.
func isJSON(r *bufio.Reader) bool {
	b, _ := r.Peek(512)
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}

func fileSize(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

func importLegacy(ctx context.Context, c *conversion) error {
	c.options.Progress = func(int64, int64) {}
	report, err := c.run(ctx)
	if errors.Is(err, compat.ErrFormat) {
		return fmt.Errorf("%s %w; nor is it a legacy file", quote.String(c.from), errNoJSON)
	}
	if err != nil {
		return err
	}
	return showReport(&output{format: "text"}, c, report)
}

var (
	errLine = errors.New("cannot be imported")
	// errClocks: a journal has a segment for each clock.
	errClocks = errors.New("the clock is another one from record to record: of a set of shards, export each by itself")
)

const (
	maxLine   = 1 << 20 // bytes: a record has 128 KiB at most
	maxClocks = 10_000
)

// importLines gives a sink the record of each line.
func importLines(r *bufio.Reader, sink compat.Sink, progress func(done int64)) (n uint64, err error) {
	p := parse.New()
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var clock compat.Origin
	done, clocks, number := int64(0), 0, 0
	for lines.Scan() {
		number++
		line := bytes.TrimSpace(lines.Bytes())
		done += int64(len(line) + 1)
		if len(line) == 0 {
			continue
		}
		rec, wall, err := p.Record(line)
		if err != nil {
			return n, fmt.Errorf("line %d: %w", number, err)
		}
		if next := origin(clock, rec, wall); next != clock || n == 0 {
			if clocks++; clocks > maxClocks {
				return n, fmt.Errorf("line %d: %w: %w", number, errLine, errClocks)
			}
			clock = next
			if err := sink.Origin(clock); err != nil {
				return n, err
			}
		}
		if err := sink.Append(rec); err != nil {
			return n, fmt.Errorf("line %d: %w: %w", number, errLine, err)
		}
		if n++; n%1024 == 0 {
			progress(done)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return n, fmt.Errorf("line %d: %w: it has more than %d bytes", number+1, errLine, maxLine)
	}
	return n, lines.Err()
}

// origin is the clock of a record: its time of day, and since boot, are both told. Which
// boot it was only the record of a clock says, for those that follow.
func origin(before compat.Origin, rec uapi.Record, wall int64) compat.Origin {
	o := compat.Origin{WallOffset: wall - int64(rec.Ktime())}
	if o.WallOffset == before.WallOffset {
		o.Boot = before.Boot
	}
	if c, ok := rec.Clock(); ok {
		o.Boot = c.BootID
	}
	return o
}
