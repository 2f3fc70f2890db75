// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/internal/glossary"
)

func newExplain() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "explain [WORD ...]",
		Short: "Explain a field of a record, or another word of the output",
		Long: `Explain a field of a record, by its name in JSON (io.duration), in --where (duration)
or the flag of log that asks for it; a type (rename), an event flag (coalesced), a
producer (bpf-vfs) or a cause of loss (full). Without a word, list all of them.

What is not known ends with exit code 3 and the names that are nearest.`,
		Example: `  vexjctl explain io.result
  vexjctl explain rename
  vexjctl explain -o json`,
		ValidArgsFunction: cobra.FixedCompletions(glossary.Names(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			entries := glossary.Entries()
			if len(args) > 0 {
				entries = nil
			}
			for _, word := range args {
				found := glossary.Lookup(word)
				if found == nil {
					return unknownWord(word)
				}
				entries = append(entries, found...)
			}
			return show(len(args) == 0, func(w *bufio.Writer) error {
				switch {
				case out.format == "json":
					return writeJSON(w, entries)
				case len(args) == 0:
					return listWords(w, entries)
				}
				return explainAll(w, entries)
			})
		},
	}
	out.flags(cmd, "short", "json")
	return cmd
}

func unknownWord(word string) error {
	hint := "vexjctl explain lists all words"
	if near := glossary.Nearest(word, 5); near != nil {
		hint = "near to it are " + strings.Join(near, ", ") + "; " + hint
	}
	return exit.With(exit.NoMatch, fmt.Errorf("there is no field, type, flag, producer or cause %q: %s", word, hint))
}

// explainAll shows the members of an object below it, a line each.
func explainAll(w *bufio.Writer, entries []glossary.Entry) error {
	within := ""
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range entries {
		e := &entries[i]
		if within != "" && e.Group() == within {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", e.Name, typeOf(e), e.Doc)
			continue
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		explain(w, e)
		if within = ""; e.Kind == glossary.Field {
			within = e.Name
		}
	}
	return t.Flush()
}

func typeOf(e *glossary.Entry) string {
	if e.Unit == "" {
		return e.Type
	}
	return e.Type + ", " + e.Unit
}

func explain(w *bufio.Writer, e *glossary.Entry) {
	head := string(e.Kind)
	if typ := typeOf(e); typ != "" {
		head += " (" + typ + ")"
	}
	fmt.Fprintf(w, "%s: %s\n  %s.\n", e.Name, head, e.Doc)
	var by []string
	for _, word := range e.By {
		by = append(by, cmp.Or(glossary.Makers[word], word))
	}
	if by != nil {
		fmt.Fprintf(w, "  filled in by  %s\n", strings.Join(by, ", "))
	}
	if e.Example != "" {
		fmt.Fprintf(w, "  example       %s\n", e.Example)
	}
	if e.Where != "" {
		fmt.Fprintf(w, "  expression    --where '%s'\n", e.Expression)
	}
	if e.Option != "" {
		fmt.Fprintf(w, "  flag          vexjctl log %s\n", e.Option)
	}
}

func listWords(w *bufio.Writer, entries []glossary.Entry) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var kind glossary.Kind
	for i := range entries {
		e := &entries[i]
		if e.Kind != kind {
			if kind != "" {
				fmt.Fprintln(t)
			}
			kind = e.Kind
			fmt.Fprintf(t, "%sS\n", strings.ToUpper(string(kind)))
		}
		if e.Kind == glossary.Field {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", e.Name, typeOf(e), e.Doc)
		} else {
			fmt.Fprintf(t, "  %s\t%s\n", e.Name, e.Doc)
		}
	}
	return t.Flush()
}
