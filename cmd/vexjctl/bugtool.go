// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/bugreport"
	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/version"
	"vexj/internal/quote"
)

// A bugtool collects what a bug report should have.
type bugtool struct {
	output, journal string
	redactPaths     bool
	records         int
	noTrial         bool
	patience        time.Duration
}

// leftOut is what no item has.
var leftOut = []string{
	"records of the journal, unless --records asks for the last ones",
	"names of paths and programs that the journal has",
	"private keys, and the content of files that flags name",
	"values of environment variables, but for those of vexj",
	"passwords, tokens and keys, as far as they can be told by their names or looks",
	"the name of this machine",
}

func newBugtool() *cobra.Command {
	var b bugtool
	cmd := &cobra.Command{
		Use:   "bugtool",
		Short: "Put what a bug report needs into one archive, without secrets",
		Long: `Put into one archive what helps to find out what is wrong: versions, what doctor says,
settings of the kernel, the state of recorders and producers, hooks and drops, the
segments of the journal and whether it verifies, policy, units and their last messages.

No record of the journal is in it unless --records asks for some. What looks like a
password, a token or a key is replaced, and so are values of environment variables;
paths are kept unless --redact-paths hashes them. What fails is noted in manifest.json
and costs nothing else. Look at the archive before you give it away.`,
		Example: `  vexjctl bugtool
  vexjctl bugtool --redact-paths --output /tmp/report.tar.gz`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.records < 0 {
				return exit.Usagef("--records is 0 or more")
			}
			if b.patience <= 0 {
				return exit.Usagef("--timeout is more than 0")
			}
			return b.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&b.output, "output", "", "`file` to write, which must not be there (default vexj-bug-TIME.tar.gz here)")
	f.BoolVar(&b.redactPaths, "redact-paths", false, "put hashes in the place of paths that are not the system's")
	f.IntVar(&b.records, "records", 0, "put the last records of the journal into it, this `number` of them")
	f.BoolVar(&b.noTrial, "no-trial", false, "do not try to capture, which doctor does")
	f.DurationVar(&b.patience, "timeout", time.Minute, "`time` that an item may take")
	journalFlag(cmd, &b.journal)
	return cmd
}

func (b *bugtool) run(ctx context.Context) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder := "vexj-bug-" + time.Now().UTC().Format("20060102T150405Z")
	if b.output == "" {
		b.output = folder + ".tar.gz"
	}
	// It tells of the machine: for its owner alone.
	file, err := os.OpenFile(b.output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; choose another --output", b.output)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(b.output))
		}
	}()
	m := bugreport.Manifest{
		Version: version.String(), Created: time.Now().UTC().Format(time.RFC3339), PathsRedacted: b.redactPaths, LeftOut: leftOut,
	}
	err = bugreport.Write(ctx, file, folder, &m, b.items(), bugreport.NewRedactor(b.redactPaths), b.patience)
	if err != nil {
		return fmt.Errorf("writing %s: %w", b.output, err)
	}
	return show(false, func(w *bufio.Writer) error { return b.tell(w, &m) })
}

// tell says what was taken and what was not.
func (b *bugtool) tell(w *bufio.Writer, m *bugreport.Manifest) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	redactions := 0
	for _, e := range m.Items {
		redactions += e.Redactions
		what := capture.Size(uint64(e.Bytes))
		if e.Error != "" {
			line, _, _ := strings.Cut(e.Error, "\n")
			what += ", " + quote.Text(line)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", e.Name, e.What, what)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nleft out:\n")
	for _, what := range m.LeftOut {
		fmt.Fprintf(w, "  %s\n", what)
	}
	paths := "paths are as they are (--redact-paths hashes them)"
	if m.PathsRedacted {
		paths = "paths are hashed"
	}
	fmt.Fprintf(w, "%d values were replaced, %s\n%s: look at it before you give it away\n", redactions, paths, quote.String(b.output))
	return nil
}
