// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"vexj/agent/search"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/query"
	"vexj/vector/embed"
)

// A searching is what `search` is told.
type searching struct {
	out      output
	journal  string
	o        search.Options
	k        int
	stale    bool
	trees    []string
	embedder embedding
}

// An embedding says who makes vectors of texts.
type embedding struct{ kind, url, model string }

func (e *embedding) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.kind, "embedder", "lexical", "who makes vectors of texts: lexical (by words, needs nothing), openai, ollama")
	f.StringVar(&e.url, "embed-url", "", "`address` of the endpoint, as http://localhost:11434")
	f.StringVar(&e.model, "embed-model", "", "`model` of the endpoint; $VEXJ_EMBED_KEY is its key, if it wants one")
	_ = cmd.RegisterFlagCompletionFunc("embedder", fixed([]string{"lexical", "openai", "ollama"}))
}

// open returns the embedder, nil for the lexical one.
func (e *embedding) open() (embed.Embedder, error) {
	o := embed.RemoteOptions{URL: e.url, Model: e.model, Key: os.Getenv("VEXJ_EMBED_KEY")}
	switch e.kind {
	case "lexical":
		if e.url != "" || e.model != "" {
			return nil, exit.Usagef("the lexical embedder has neither --embed-url nor --embed-model")
		}
		return nil, nil
	case "openai":
		o.API = embed.OpenAI
	case "ollama":
		o.API = embed.Ollama
	default:
		return nil, exit.Usagef("--embedder is lexical, openai or ollama, not %q", e.kind)
	}
	r, err := embed.NewRemote(o)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return r, nil
}

func newSearch() *cobra.Command {
	var o searching
	cmd := &cobra.Command{
		Use:   "search TEXT ...",
		Short: "Find records and files by what they are about",
		Long: `Find records and files by what they are about: paths, intents and commands of the
journal, and text files if they are to be read. It is found by words and parts of words,
or with an embedder that knows it by meaning. What the journal has got since the last
search is taken into the index first, a folder beside the journal. The exit code is 3 if
nothing is found.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && len(o.trees) == 0 {
				return exit.Usagef("say what to search for")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return o.run(strings.Join(args, " ")) },
	}
	journalFlag(cmd, &o.journal)
	f := cmd.Flags()
	f.IntVarP(&o.k, "k", "k", 10, "how `many` to find")
	f.StringVar(&o.o.Dir, "index", "", "`folder` of the index; default: that of the journal and .search")
	f.BoolVar(&o.o.Files, "files", false, "take in the text of files that the journal says were changed")
	f.StringArrayVar(&o.trees, "tree", nil, "take in the text files below the `folder` first")
	f.BoolVar(&o.stale, "no-update", false, "search what the index has, without what the journal has got since")
	o.embedder.flags(cmd)
	o.out.flags(cmd, "text", "ndjson")
	return cmd
}

func (o *searching) run(text string) (err error) {
	if _, err := o.out.check(); err != nil {
		return err
	}
	if o.o.Embedder, err = o.embedder.open(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	x, err := search.Open(o.journal, o.o)
	if err != nil {
		return searchError(o.journal, err)
	}
	defer func() {
		if cerr := x.Close(); err == nil {
			err = cerr
		}
	}()
	if !o.stale {
		if _, err := x.Update(ctx); err != nil {
			return searchError(o.journal, err)
		}
	}
	for _, tree := range o.trees {
		if _, err := x.Tree(ctx, tree); err != nil {
			return searchError(o.journal, err)
		}
	}
	if text == "" {
		return nil
	}
	hits, err := x.Search(ctx, text, o.k, query.All)
	if err != nil {
		return searchError(o.journal, err)
	}
	if len(hits) == 0 {
		return exit.With(exit.NoMatch, nil)
	}
	return o.print(hits)
}

func searchError(journal string, err error) error {
	if errors.Is(err, search.ErrQuery) {
		return exit.With(exit.Usage, err)
	}
	if e := collectionError(err); e != err {
		return e
	}
	return openError(journal, err)
}

func (o *searching) print(hits []search.Hit) error {
	return show(false, func(w *bufio.Writer) error {
		out := json.NewEncoder(w)
		for _, h := range hits {
			if o.out.format == "ndjson" {
				if err := out.Encode(h); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(w, "%.3f %-7s", h.Score, h.Kind)
			if h.Ordinal != 0 {
				fmt.Fprintf(w, " #%d", h.Ordinal)
			}
			if h.Path != "" {
				fmt.Fprintf(w, " %s", quote.String(h.Path))
			}
			if h.Line != 0 {
				fmt.Fprintf(w, ":%d", h.Line)
			}
			if h.Text != "" {
				first, _, _ := strings.Cut(h.Text, "\n")
				fmt.Fprintf(w, "  %s", quote.Text(first))
			}
			fmt.Fprintln(w)
		}
		return nil
	})
}
