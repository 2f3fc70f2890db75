// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/uapi"
	"vexj/vector"
	"vexj/vector/collection"
	"vexj/vector/vecfile"
)

// A vectorQuery is what `vector search` is told.
type vectorQuery struct {
	out      output
	vector   string
	like     string
	k, ef    int
	path     string
	exact    bool
	recorded bool
}

func newVectorSearch() *cobra.Command {
	var o vectorQuery
	cmd := &cobra.Command{
		Use:   "search FOLDER",
		Short: "Find the vectors that are nearest to one",
		Long: `Find the vectors of a collection that are nearest to the one that is given as JSON,
with --vector (- reads it from the standard input), or to one of the collection, with
--like. The exit code is 3 if there is none.`,
		Args: exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.vector, "vector", "", "the `vector`, as [0.5,1,...]")
	f.StringVar(&o.like, "like", "", "`id` of the vector")
	f.IntVarP(&o.k, "k", "k", 10, "how `many` to find")
	f.IntVar(&o.ef, "ef", 0, "`candidates` that the graph's search keeps: more find more of what is nearest; default: 64")
	f.StringVar(&o.path, "path", "", "only those of files at or below the `path`")
	f.BoolVar(&o.exact, "exact", false, "compare with all vectors, without the graph")
	f.BoolVar(&o.recorded, "record", false, "put the search into the journal of the collection, with what it finds")
	o.out.flags(cmd, "text", "ndjson")
	return cmd
}

func (o *vectorQuery) run(dir string) error {
	if _, err := o.out.check(); err != nil {
		return err
	}
	if (o.vector == "") == (o.like == "") {
		return exit.Usagef("give --vector or --like")
	}
	if o.k < 1 || o.k > 1<<16 || o.ef < 0 {
		return exit.Usagef("-k is 1 to %d, and --ef is not negative", 1<<16)
	}
	if !o.recorded {
		return look(dir, o.search)
	}
	k, err := collection.Open(dir, collection.Options{Searches: 1, Results: true})
	if err != nil {
		return collectionError(err)
	}
	return collectionError(closed(k, o.search(k)))
}

func (o *vectorQuery) search(k *collection.Collection) error {
	q, err := o.query(k)
	if err != nil {
		return err
	}
	found, err := o.find(k, q)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return exit.With(exit.NoMatch, nil)
	}
	return o.print(k, found)
}

func (o *vectorQuery) query(k *collection.Collection) ([]float32, error) {
	if o.like != "" {
		id, err := parseVectorID(o.like)
		if err != nil {
			return nil, err
		}
		return k.Store().Vector(id, nil)
	}
	text := o.vector
	if text == "-" {
		b, err := io.ReadAll(io.LimitReader(os.Stdin, 4<<20))
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	r, err := vecfile.NewReader(vecfile.NDJSON, strings.NewReader(`{"vector":`+strings.Join(strings.Fields(text), "")+`}`))
	if err != nil {
		return nil, err
	}
	it, err := r.Next()
	if err != nil {
		return nil, exit.Usagef("--vector is JSON like [0.5,1,-2]: %v", err)
	}
	return it.Vector, nil
}

func (o *vectorQuery) find(k *collection.Collection, q []float32) ([]uapi.Result, error) {
	var filter func(uint64) bool
	if o.path != "" {
		below := strings.TrimSuffix(o.path, "/") + "/"
		filter = func(id uint64) bool {
			it, err := k.Store().Get(id)
			return err == nil && strings.HasPrefix(it.Meta.Path+"/", below)
		}
	}
	if o.exact {
		return k.Store().Search(q, o.k, vector.SearchOptions{Filter: filter})
	}
	return k.Search(q, o.k, collection.SearchOptions{Ef: o.ef, Filter: filter})
}

// foundVector is a line of `vector search`; its schema is that of the man page.
type foundVector struct {
	ID       uint64          `json:"id"`
	Distance float32         `json:"distance"`
	Path     string          `json:"path,omitempty"`
	Tags     json.RawMessage `json:"tags,omitempty"`
}

func (o *vectorQuery) print(k *collection.Collection, found []uapi.Result) error {
	return show(false, func(w *bufio.Writer) error {
		out := json.NewEncoder(w)
		for _, r := range found {
			it, err := k.Store().Get(r.ID)
			if err != nil {
				return err
			}
			line := foundVector{ID: r.ID, Distance: r.Distance, Path: it.Meta.Path}
			if it.Meta.Tags != "" {
				line.Tags = json.RawMessage(it.Meta.Tags)
			}
			if o.out.format == "ndjson" {
				err = out.Encode(line)
			} else {
				_, err = fmt.Fprintf(w, "%d\t%g\t%s\t%s\n", line.ID, line.Distance, quote.Text(line.Path), quote.Text(it.Meta.Tags))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
