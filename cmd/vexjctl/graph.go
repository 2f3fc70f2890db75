// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/hnsw"
	"vexj/vector/collection"
)

func newGraph() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Look at the graph of a collection of vectors",
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(newGraphStat(), newGraphValidate(), newGraphExport())
	return cmd
}

func newGraphStat() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "stat FOLDER",
		Short: "Count nodes by level and by links, and say how many can be reached",
		Args:  exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			return look(args[0], func(k *collection.Collection) error {
				st, err := k.Graph().Stats()
				if err != nil {
					return err
				}
				return show(false, func(w *bufio.Writer) error {
					if out.format == "json" {
						return writeJSON(w, st)
					}
					printGraph(w, &st)
					return nil
				})
			})
		},
	}
	out.flags(cmd, "text", "json")
	return cmd
}

func printGraph(w *bufio.Writer, st *hnsw.Stats) {
	fmt.Fprintf(w, "nodes       %d, besides %d that are dead and %d free slots\n", st.Live, st.Dead, st.Free)
	fmt.Fprintf(w, "made with   M %d, efConstruction %d, %s, %s\n", st.M, st.EfConstruction, st.Metric, st.Codes)
	fmt.Fprintf(w, "links       %.1f on the average in the lowest layer\n", st.MeanDegree)
	fmt.Fprintf(w, "reachable   %.4f%%\n", 100*st.Reachable)
	fmt.Fprintf(w, "memory      %s\n", capture.Size(uint64(st.Memory)))
	for level, n := range st.Levels {
		fmt.Fprintf(w, "level %-5d %d\n", level, n)
	}
}

func newGraphValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FOLDER",
		Short: "See whether the graph contradicts itself",
		Long: `See whether the graph contradicts itself: links to what is not there, to a node itself
or twice, lists that are too long, counts and an entry that are wrong. The exit code is 7
if it does.`,
		Args: exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			return look(args[0], func(k *collection.Collection) error {
				faults, err := k.Graph().Validate()
				if err != nil && !errors.Is(err, hnsw.ErrCorrupt) {
					return err
				}
				if faults > 0 || err != nil {
					return exit.With(exit.Verify, fmt.Errorf("%d faults, the first: %w; `vexjctl vector rebuild` makes the graph from the journal", faults, err))
				}
				fmt.Printf("%d nodes: sound\n", k.Graph().Len())
				return nil
			})
		},
	}
}

func newGraphExport() *cobra.Command {
	var (
		out output
		all bool
	)
	cmd := &cobra.Command{
		Use:   "export FOLDER",
		Short: "Print the graph for another program: ndjson, dot or graphml",
		Args:  exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			return look(args[0], func(k *collection.Collection) error {
				return show(false, func(w *bufio.Writer) error { return exportGraph(w, k.Graph(), out.format, all) })
			})
		},
	}
	cmd.Flags().BoolVar(&all, "layers", false, "links of all layers, not of the lowest alone")
	out.flags(cmd, "ndjson", "dot", "graphml")
	return cmd
}

// graphFormats have what is before and behind the nodes, and a line for a node and for
// a link.
var graphFormats = map[string]struct{ head, node, link, tail string }{
	"ndjson": {"", "{\"node\":%d,\"level\":%d}\n", "{\"from\":%d,\"to\":%d,\"layer\":%d}\n", ""},
	"dot":    {"digraph hnsw {\n", "  %d [level=%d];\n", "  %d -> %d [layer=%d];\n", "}\n"},
	"graphml": {
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n" +
			"<key id=\"level\" for=\"node\" attr.name=\"level\" attr.type=\"int\"/>\n<key id=\"layer\" for=\"edge\" attr.name=\"layer\" attr.type=\"int\"/>\n" +
			"<graph id=\"hnsw\" edgedefault=\"directed\">\n",
		"<node id=\"n%d\"><data key=\"level\">%d</data></node>\n",
		"<edge source=\"n%d\" target=\"n%d\"><data key=\"layer\">%d</data></edge>\n",
		"</graph>\n</graphml>\n",
	},
}

func exportGraph(w *bufio.Writer, g *hnsw.Graph, format string, all bool) error {
	f := graphFormats[format]
	fmt.Fprint(w, f.head)
	var werr error
	err := g.Nodes(func(n *hnsw.Node) bool {
		_, werr = fmt.Fprintf(w, f.node, n.ID, n.Level)
		for layer, links := range n.Links {
			if layer > 0 && !all {
				break
			}
			for _, to := range links {
				_, werr = fmt.Fprintf(w, f.link, n.ID, to, layer)
			}
		}
		return werr == nil
	})
	fmt.Fprint(w, f.tail)
	return errors.Join(err, werr)
}
