// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/held"
	"vexj/cmd/internal/place"
	"vexj/internal/quote"
	"vexj/internal/render"
	"vexj/uapi"
	"vexj/userjournal"
)

func newDoctor() *cobra.Command {
	var out output
	var o capture.Options
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what can be captured on this machine, and try it",
		Long: `Tell for each way of capturing whether this machine allows it, what it would see
and what to do if not. Then try it: a file is written by a process of its own
under capture, and its records must come out. The exit code is 0 if they do.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			color, err := out.check()
			if err != nil {
				return err
			}
			o.Program = "vexjctl doctor"
			if err := o.Check(); err != nil {
				return err
			}
			return examine(cmd.Context(), o, out.format == "json", color)
		},
	}
	out.flags(cmd, "text", "json")
	cmd.Flags().StringVar(&o.Producer, "producer", "auto", "`name` of the producer to try")
	cmd.Flags().BoolVar(&o.Require, "require", false, "try that producer and no other")
	completeProducer(cmd)
	return cmd
}

func examine(ctx context.Context, o capture.Options, asJSON, color bool) error {
	all := append(ladder(ctx), journalFinding(place.Journal()))
	lines, failed := canary(ctx, o)
	all = append(all, canaryFinding(lines, failed))
	err := show(false, func(w *bufio.Writer) error {
		if asJSON {
			return writeJSON(w, all)
		}
		for _, f := range all {
			printFinding(w, f, color)
		}
		return nil
	})
	if failed != nil {
		return exit.With(exit.Code(failed), errors.New("nothing can be captured here as things are; see above"))
	}
	return err
}

func printFinding(w *bufio.Writer, f finding, color bool) {
	fmt.Fprintf(w, "%s  %s", paintVerdict(f.Verdict, color), f.Name)
	if f.Why != "" {
		fmt.Fprintf(w, ": %s", quote.Text(f.Why))
	}
	fmt.Fprintln(w)
	for line := range strings.Lines(f.Sees) {
		fmt.Fprintf(w, "      sees: %s\n", quote.Text(strings.TrimSuffix(line, "\n")))
	}
	if f.Do != "" && f.Verdict != "PASS" {
		fmt.Fprintf(w, "      do:   %s\n", quote.Text(f.Do))
	}
}

func canaryFinding(lines []string, err error) finding {
	f := finding{Name: "live capture", Verdict: "PASS", Sees: strings.Join(lines, "\n")}
	if err != nil {
		f.Verdict, f.Why = "FAIL", err.Error()
		f.Do = "correct what the first FAIL above says, then try again"
	}
	return f
}

// canary captures a process that writes a file and returns the lines of its
// records.
func canary(ctx context.Context, o capture.Options) (lines []string, err error) {
	dir, err := os.MkdirTemp("", "vexj-doctor-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	files := filepath.Join(dir, "files")
	if err := os.Mkdir(files, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(files, "canary")
	o.Folders = []capture.Folder{{Source: files, Target: files}}
	o.Journal = filepath.Join(dir, "journal")
	if err := captureCanary(ctx, o, file); err != nil {
		return nil, err
	}
	return readCanary(o.Journal, file)
}

func captureCanary(ctx context.Context, o capture.Options, file string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child, err := held.Start(self, []string{os.Args[0], "canary", file})
	if err != nil {
		return err
	}
	o.Filter.TGIDTree = []uint32{uint32(child.PID())}
	c, err := capture.Start(ctx, o)
	if err != nil {
		child.Abandon()
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	state, err := runChild(ctx, c, child, func() {})
	if err == nil && !state.Success() {
		err = fmt.Errorf("the process that was to write %s: %v", file, state)
	}
	return err
}

func readCanary(journal, file string) (lines []string, err error) {
	r, err := userjournal.OpenSet(journal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	line := render.NewLine(false, false, time.Local)
	created, written := false, false
	err = r.Scan(userjournal.ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		if filepath.Base(string(rec.Path())) != filepath.Base(file) {
			return nil
		}
		io, _ := rec.IO()
		switch rec.Type() {
		case uapi.FSCreate:
			created = true
		case uapi.FSWrite:
			written = written || io.Result == int64(len(canaryText))
		}
		e := entry(r, ordinal, rec)
		lines = append(lines, strings.TrimSpace(string(line.Append(nil, e))))
		return nil
	})
	if err == nil && !(created && written) {
		err = fmt.Errorf("a file was created and written, and the journal has no record of %s", missing(created, written))
	}
	return lines, err
}

func missing(created, written bool) string {
	switch {
	case !created && !written:
		return "either"
	case !created:
		return "the creation"
	}
	return "the write"
}
