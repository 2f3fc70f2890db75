// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/vector/collection"
)

// vectorStat is what `vector stat` says; its schema is that of the man page.
type vectorStat struct {
	Folder     string `json:"folder"`
	Name       string `json:"name"`
	Dims       int    `json:"dims"`
	Elem       string `json:"elem"`
	Metric     string `json:"metric"`
	Codes      string `json:"codes"`
	Model      string `json:"model,omitempty"`
	Vectors    int    `json:"vectors"`
	Slots      int    `json:"slots"`
	Bytes      int64  `json:"bytes"`
	Position   uint64 `json:"position"`
	Redone     uint64 `json:"redone_changes"`
	Dropped    int    `json:"dropped_changes"`
	StoreSHA   string `json:"store_digest,omitempty"`
	GraphSHA   string `json:"graph_digest,omitempty"`
	GraphBytes int64  `json:"graph_memory"`
}

func newVectorStat() *cobra.Command {
	var (
		out    output
		digest bool
	)
	cmd := &cobra.Command{
		Use:   "stat FOLDER",
		Short: "Say what a collection is of, and how large it is",
		Args:  exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			return look(args[0], func(k *collection.Collection) error {
				st, err := newVectorStatOf(k, digest)
				if err != nil {
					return err
				}
				return show(false, func(w *bufio.Writer) error {
					if out.format == "json" {
						return writeJSON(w, st)
					}
					return st.print(w)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&digest, "digest", false, "and the digests of store and graph, for which all is read")
	out.flags(cmd, "text", "json")
	return cmd
}

func newVectorStatOf(k *collection.Collection, digest bool) (st vectorStat, err error) {
	c, r := k.Config(), k.Recovery()
	w, err := k.Store().View()
	if err != nil {
		return st, err
	}
	defer w.Close()
	graph, err := k.Graph().Stats()
	if err != nil {
		return st, err
	}
	st = vectorStat{
		Folder: k.Dir(), Name: c.Name, Dims: c.Dims, Elem: c.Elem.String(), Metric: c.Metric.String(), Codes: c.Codes.String(), Model: c.Model,
		Vectors: w.Len(), Slots: w.Slots(), Position: k.Store().Position(), Redone: r.Changes, Dropped: r.Dropped, GraphBytes: graph.Memory,
	}
	err = filepath.Walk(k.Dir(), func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			st.Bytes += info.Size()
		}
		return err
	})
	if err == nil && digest {
		var d collection.Digests
		d, err = k.Digest()
		st.StoreSHA, st.GraphSHA = d.Store.String(), hex.EncodeToString(d.Graph[:])
	}
	return st, err
}

func (st *vectorStat) print(w *bufio.Writer) error {
	fmt.Fprintf(w, "collection  %s\n", quote.String(st.Folder))
	if st.Name != "" {
		fmt.Fprintf(w, "name        %s\n", quote.Text(st.Name))
	}
	fmt.Fprintf(w, "vectors     %d of %d %s, by %s\n", st.Vectors, st.Dims, st.Elem, st.Metric)
	fmt.Fprintf(w, "slots       %d, of which %d are of vectors that are gone\n", st.Slots, st.Slots-st.Vectors)
	fmt.Fprintf(w, "graph       traversed by %s, %s of memory\n", st.Codes, capture.Size(uint64(st.GraphBytes)))
	fmt.Fprintf(w, "files       %s\n", capture.Size(uint64(st.Bytes)))
	if st.Redone > 0 || st.Dropped > 0 {
		fmt.Fprintf(w, "recovered   %d changes were done again from the journal, %d had no end in it\n", st.Redone, st.Dropped)
	}
	if st.StoreSHA != "" {
		fmt.Fprintf(w, "digests     store %s\n            graph %s\n", st.StoreSHA, st.GraphSHA)
	}
	return nil
}

func newVectorVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify FOLDER",
		Short: "Read all of a collection, and hold it against its checksums and itself",
		Long: `Read all of a collection: store, graph, its snapshot and the journal, hold each against
its checksums, the graph against itself, and store and graph against each other. The exit
code is 7 if something is wrong.`,
		Args: exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			return look(args[0], func(k *collection.Collection) error {
				r, err := k.Verify()
				if err != nil {
					return err
				}
				for _, d := range r.Damage {
					fmt.Fprintf(os.Stderr, "vexjctl vector verify: %s\n", quote.Text(d.Error()))
				}
				if n := len(r.Damage) + r.Store.More; n > 0 {
					return exit.With(exit.Verify, fmt.Errorf("%d things are wrong; `vexjctl vector rebuild` makes store and graph from the journal", n))
				}
				fmt.Printf("%d vectors, %d nodes, %d records: all as it was written\n", r.Store.Live, r.Nodes, r.Journal.Records)
				return nil
			})
		},
	}
}
