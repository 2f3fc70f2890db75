// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/compat"
	"vexj/internal/layout"
	"vexj/internal/quote"
	"vexj/internal/render"
	"vexj/uapi"
	"vexj/userjournal"
)

// An inspection is what the command line of inspect asks for.
type inspection struct {
	block   uint64
	offset  int64
	records bool
	all     bool
}

func newJournalInspect() *cobra.Command {
	var in inspection
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show the bytes of a journal's file and what they mean",
		Long: `Show the bytes of a file and what each of them means: of a segment (.usjl), of an
index (.usji), of a legacy file. What does not hold is marked, and read over. The
exit code is 7 if there is such.

Long stretches of bytes are shown by their beginning.`,
		Args: exactArgs(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("offset") && in.offset < 0 {
				return exit.Usagef("--offset %d: a file begins at 0", in.offset)
			}
			if !cmd.Flags().Changed("offset") {
				in.offset = -1
			}
			return in.run(args[0])
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&in.block, "block", 0, "only the block, event or entry with this `number`, from 1, with all of its records")
	f.Int64Var(&in.offset, "offset", 0, "only the part that the `byte` is in, with all of its bytes")
	f.BoolVar(&in.records, "records", false, "the records of each block too")
	f.BoolVar(&in.all, "all", false, "all bytes")
	return cmd
}

func (in *inspection) run(name string) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return exit.Usagef("%s is a folder: inspect one of the files in it (vexjctl journal ls)", name)
	}
	size, shown, problems := info.Size(), 0, 0
	err = show(true, func(w *bufio.Writer) error {
		err := describe(file, size, func(p layout.Part) error {
			if p.Problem != nil {
				problems++
			}
			if !in.wants(&p) {
				return nil
			}
			shown++
			return in.print(w, file, &p)
		})
		return err
	})
	switch {
	case errors.Is(err, userjournal.ErrNotJournal), errors.Is(err, compat.ErrFormat):
		return fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return err
	case shown == 0:
		return exit.With(exit.NoMatch, fmt.Errorf("%s, %d bytes, has no such part", name, size))
	case problems > 0:
		return exit.With(exit.Verify, fmt.Errorf("%s is damaged in %d places", name, problems))
	}
	return nil
}

// describe finds out what a file is.
func describe(file io.ReaderAt, size int64, fn func(layout.Part) error) error {
	if _, err := compat.Detect(file); err == nil {
		return compat.Describe(file, size, fn)
	} else if !errors.Is(err, compat.ErrFormat) {
		return err
	}
	return userjournal.Describe(file, size, fn)
}

func (in *inspection) wants(p *layout.Part) bool {
	switch {
	case in.offset >= 0:
		return p.Offset <= in.offset && in.offset < p.Offset+p.Size
	case in.block > 0:
		return p.Number == in.block
	}
	return true
}

func (in *inspection) print(w *bufio.Writer, file io.ReaderAt, p *layout.Part) error {
	fmt.Fprintf(w, "%s: offset %d, %d bytes", p.Name, p.Offset, p.Size)
	if p.Note != "" {
		fmt.Fprintf(w, "; %s", quote.Text(p.Note))
	}
	fmt.Fprintln(w)
	if p.Problem != nil {
		fmt.Fprintf(w, "  PROBLEM: %s\n", quote.Text(p.Problem.Error()))
	}
	whole := in.all || in.offset >= 0
	text := render.Part(nil, p, whole)
	if len(p.Fields) == 0 && whole && p.Records == nil {
		data := make([]byte, p.Size)
		n, err := file.ReadAt(data, p.Offset)
		if err != nil && err != io.EOF {
			return err
		}
		text = render.Bytes(nil, p.Offset, data[:n])
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if p.Records != nil && (in.records || in.block > 0 || in.offset >= 0) && p.Problem == nil {
		if err := in.inside(w, p); err != nil {
			return err
		}
	}
	_, err := w.WriteString("\n")
	return err
}

// inside shows the records in a part.
func (in *inspection) inside(w *bufio.Writer, p *layout.Part) error {
	raw, err := p.Records()
	if err != nil {
		return err
	}
	for n, at := 1, 0; at < len(raw); n++ {
		// A block keeps version 1 events as they are; those without padding
		// are no record.
		rec, err := uapi.Check(raw[at:])
		if err != nil {
			fmt.Fprintf(w, "  %s\n", quote.Text(err.Error()))
			break
		}
		fmt.Fprintf(w, "\nrecord %d, at byte %d: %s\n", n, at, rec.Type())
		if _, err := w.Write(render.Dump(nil, rec)); err != nil {
			return err
		}
		at += len(rec)
	}
	return nil
}
