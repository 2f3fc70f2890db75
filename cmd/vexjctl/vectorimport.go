// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/hnsw"
	"vexj/uapi"
	"vexj/vector"
	"vexj/vector/collection"
	"vexj/vector/vecfile"
)

// An importing is what `vector import` is told.
type importing struct {
	format, name, elem, metric, codes string
	m, ef                             int
	seed                              uint64
	update                            bool
}

func newVectorImport() *cobra.Command {
	var o importing
	cmd := &cobra.Command{
		Use:   "import FOLDER FILE",
		Short: "Put the vectors of a file into a collection, made if there is none",
		Long: `Put the vectors of a file (- is the standard input) into a collection, which is made
if there is none: with as many dimensions as the first vector has, and as the flags say.
The file is read as it is imported: fvecs, ivecs, bvecs, NumPy's npy, or JSON objects, one
a line: {"vector":[...]} and, as one likes, "id", "path", "inode", "dev" and "tags".
Vectors without an id get the next free one. Where something is wrong the import ends;
what was imported before stays.`,
		Args: exactArgs(2, "a folder and a file"),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(args[0], args[1]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "`format` of the file: fvecs, ivecs, bvecs, npy, ndjson; default: by its name")
	f.StringVar(&o.name, "name", "", "`name` of a new collection, in its records")
	f.StringVar(&o.elem, "elem", "float32", "`type` of the elements of a new collection: float32, float16, int8, int16, binary")
	f.StringVar(&o.metric, "metric", "", "`distance` of a new collection: l2, cosine, dot, manhattan, hamming; default: l2, of binary hamming")
	f.StringVar(&o.codes, "codes", "sq8", "`codes` that the graph of a new collection is traversed by: sq8, bits, none")
	f.IntVar(&o.m, "m", 0, "`links` of a node of the graph of a new collection; default: 16")
	f.IntVar(&o.ef, "ef-construction", 0, "`candidates` when a node is linked; default: 200")
	f.Uint64Var(&o.seed, "seed", 0, "`seed` of the graph of a new collection; default: 42")
	f.BoolVar(&o.update, "update", false, "replace vectors whose id is there")
	for flag, words := range map[string][]string{
		"format": {"fvecs", "ivecs", "bvecs", "npy", "ndjson"}, "elem": {"float32", "float16", "int8", "int16", "binary"},
		"metric": {"l2", "cosine", "dot", "manhattan", "hamming"}, "codes": {"sq8", "bits", "none"},
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, fixed(words))
	}
	return cmd
}

// config is that of a new collection.
func (o *importing) config(dims int) (c collection.Config, err error) {
	elem, ok := uapi.ParseElem(o.elem)
	if !ok {
		return c, exit.Usagef("--elem is float32, float16, int8, int16 or binary, not %q", o.elem)
	}
	metric := uapi.MetricL2
	if elem == uapi.ElemBinary {
		metric = uapi.MetricHamming
	}
	if o.metric != "" {
		if metric, ok = uapi.ParseMetric(o.metric); !ok {
			return c, exit.Usagef("--metric is l2, cosine, dot, manhattan or hamming, not %q", o.metric)
		}
	}
	codes := slices.Index([]string{"none", "sq8", "bits"}, o.codes)
	if codes < 0 {
		return c, exit.Usagef("--codes is sq8, bits or none, not %q", o.codes)
	}
	return collection.Config{
		Config: vector.Config{Name: o.name, Dims: dims, Elem: elem, Metric: metric},
		Codes:  hnsw.Codes(codes), M: o.m, EfConstruction: o.ef, Seed: o.seed,
	}, nil
}

func (o *importing) run(dir, file string) (err error) {
	if _, err := o.config(1); err != nil {
		return err
	}
	format, ok := vecfile.FormatOf(file)
	if o.format != "" {
		format, ok = vecfile.Format(o.format), slices.Contains(vecfile.Formats, vecfile.Format(o.format))
	}
	if !ok {
		return exit.Usagef("say what the file is with --format: fvecs, ivecs, bvecs, npy or ndjson")
	}
	in := os.Stdin
	if file != "-" {
		if in, err = os.Open(file); err != nil {
			return err
		}
		defer in.Close()
	}
	r, err := vecfile.NewReader(format, in)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	first, err := r.Next()
	if err == io.EOF {
		return exit.With(exit.NoMatch, fmt.Errorf("%s: there are no vectors in it", file))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	k, err := o.open(dir, len(first.Vector))
	if err != nil {
		return collectionError(err)
	}
	began, before := time.Now(), k.Len()
	n, err := o.copy(k, r, first)
	if err != nil {
		err = fmt.Errorf("%s: %w; %d vectors were imported before it", file, err, n)
	}
	after := k.Len()
	if err = errors.Join(err, k.Close()); err != nil {
		return collectionError(err)
	}
	fmt.Printf("%d vectors imported in %s, %d new; %d in the collection\n", n, time.Since(began).Round(time.Millisecond), after-before, after)
	return nil
}

func (o *importing) open(dir string, dims int) (*collection.Collection, error) {
	k, err := collection.Open(dir, collection.Options{})
	if !errors.Is(err, collection.ErrNotCollection) {
		return k, err
	}
	c, err := o.config(dims)
	if err != nil {
		return nil, err
	}
	return collection.Create(dir, c, collection.Options{})
}

// importBatch is how many vectors are one change of the store.
const importBatch = 256

func (o *importing) copy(k *collection.Collection, r vecfile.Reader, it vecfile.Item) (n int, err error) {
	c := k.Store().Config()
	batch := make([]vector.Change, 0, importBatch)
	flush := func() error {
		if err := k.Change(batch); err != nil {
			return fmt.Errorf("vectors %d to %d: %w", n+1, n+len(batch), err)
		}
		n += len(batch)
		batch = batch[:0]
		return nil
	}
	for {
		change := vector.Change{Op: uapi.VectorCreate, ID: it.ID, Meta: it.Meta}
		if change.Raw, err = c.Encode(nil, it.Vector); err != nil {
			err = fmt.Errorf("vector %d: %w", n+len(batch)+1, err)
			if len(batch) > 0 {
				err = errors.Join(flush(), err)
			}
			return n, err
		}
		if o.update && it.ID != 0 {
			there, err := k.Store().Has(it.ID)
			if err != nil {
				return n, err
			}
			if there || slices.ContainsFunc(batch, func(b vector.Change) bool { return b.ID == it.ID }) {
				change.Op = uapi.VectorUpdate
			}
		}
		batch = append(batch, change)
		if len(batch) == importBatch {
			if err := flush(); err != nil {
				return n, err
			}
		}
		if it, err = r.Next(); err == io.EOF {
			if len(batch) > 0 {
				err = flush()
			} else {
				err = nil
			}
			return n, err
		} else if err != nil {
			if len(batch) > 0 {
				err = errors.Join(flush(), err)
			}
			return n, err
		}
	}
}
