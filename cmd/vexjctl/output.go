// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/terminal"
)

// output is how a verb shows what it has found.
type output struct {
	format  string
	formats []string
	color   string
}

// flags adds -o with the formats, the first of which is the default, and
// --color.
func (o *output) flags(cmd *cobra.Command, formats ...string) {
	o.formats = formats
	cmd.Flags().StringVarP(&o.format, "output", "o", formats[0], "`format`: "+strings.Join(formats, ", "))
	cmd.Flags().StringVar(&o.color, "color", "auto", "`when` to colour: auto, always, never")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("color",
		cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
}

// check returns whether to colour, or what is wrong with the flags.
func (o *output) check() (color bool, err error) {
	if !slices.Contains(o.formats, o.format) {
		return false, exit.Usagef("-o is %s, not %q", strings.Join(o.formats, ", "), o.format)
	}
	color, err = terminal.Color(o.color, os.Stdout)
	if err != nil {
		return false, exit.With(exit.Usage, err)
	}
	return color, nil
}

// show calls f with where to write to: through the pager if paged is set and a
// person looks on. That they quit the pager early is no error.
func show(paged bool, f func(w *bufio.Writer) error) error {
	var out io.Writer = os.Stdout
	wait := func() {}
	if paged {
		out, wait = terminal.Page(os.Stdout)
	}
	w := bufio.NewWriterSize(out, 64<<10)
	err := f(w)
	if ferr := w.Flush(); err == nil {
		err = ferr
	}
	wait()
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

var verdictColors = map[string]string{"PASS": "\x1b[32m", "WARN": "\x1b[33m", "FAIL": "\x1b[1;31m"}

func paintVerdict(verdict string, color bool) string {
	if !color {
		return verdict
	}
	return verdictColors[verdict] + verdict + "\x1b[0m"
}
