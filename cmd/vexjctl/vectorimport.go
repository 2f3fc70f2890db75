// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
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
	workers                           int
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
Vectors without an id get the next free one. Where something is wrong the import ends,
and says where; what was imported before stays, in steps of 256 vectors.`,
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
	f.IntVar(&o.workers, "workers", 0, "how `many` vectors come into the graph at a time (as many as there are processors if 0); with 1 the same file makes the same graph")
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
	if o.workers < 0 || o.workers > 1024 {
		return exit.Usagef("--workers is 0 to 1024")
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
	options := collection.Options{Workers: cmp.Or(o.workers, runtime.GOMAXPROCS(0))}
	k, err := collection.Open(dir, options)
	if !errors.Is(err, collection.ErrNotCollection) {
		return k, err
	}
	c, err := o.config(dims)
	if err != nil {
		return nil, err
	}
	return collection.Create(dir, c, options)
}

// importBatch is how many vectors are one change of the store.
const importBatch = 256

func (o *importing) copy(k *collection.Collection, r vecfile.Reader, it vecfile.Item) (n int, err error) {
	c := k.Store().Config()
	batch, where := make([]vector.Change, 0, importBatch), make([]string, 0, importBatch)
	flush := func() error {
		if err := k.Change(batch); err != nil {
			return located(err, where)
		}
		n += len(batch)
		batch, where = batch[:0], where[:0]
		return nil
	}
	for err == nil {
		change := vector.Change{Op: uapi.VectorCreate, ID: it.ID, Meta: it.Meta}
		if change.Raw, err = c.Encode(nil, it.Vector); err != nil {
			err = fmt.Errorf("%s: %w", it.Where, err)
			break
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
		batch, where = append(batch, change), append(where, it.Where)
		if len(batch) == importBatch {
			if err := flush(); err != nil {
				return n, err
			}
		}
		it, err = r.Next()
	}
	if err == io.EOF {
		err = nil
	}
	if len(batch) > 0 {
		err = errors.Join(flush(), err)
	}
	return n, err
}

// located says where in the file a vector stands that cannot be taken, as far as that
// is known.
func located(err error, where []string) error {
	var one *vector.ChangeError
	switch {
	case errors.As(err, &one) && one.Of == len(where):
		return fmt.Errorf("%s: %w", where[one.Index], one.Err)
	case len(where) == 1:
		return fmt.Errorf("%s: %w", where[0], err)
	}
	return fmt.Errorf("%s to %s: %w", where[0], where[len(where)-1], err)
}
