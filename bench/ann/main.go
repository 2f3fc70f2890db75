// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// taskEnv makes the program run one engine and print its lines.
const taskEnv = "VEXJ_BENCH_ANN_TASK"

type bench struct {
	cache   string
	sets    []string
	engines []string
	threads int
	n       int
	nq      int
	rounds  int
	efs     []int
	faiss   string
}

const (
	k  = 10
	m  = 16
	ef = 200 // efConstruction
)

func main() {
	if spec := os.Getenv(taskEnv); spec != "" {
		exit(child(spec))
	}
	home, _ := os.UserCacheDir()
	var b bench
	flag.StringVar(&b.cache, "cache", filepath.Join(home, "vexj-ann"), "where sets, truths and peers are kept")
	sets := flag.String("sets", "clustered128,clustered768,glove100", "sets, with commas")
	engines := flag.String("engines", "vexj-f32,vexj-sq8,vexj-mapped,hnswlib,faiss,faiss-sq8", "engines, with commas")
	flag.IntVar(&b.threads, "threads", 1, "threads that build")
	flag.IntVar(&b.n, "n", 0, "vectors of a set; 0: all")
	flag.IntVar(&b.nq, "queries", 1000, "queries")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds over all queries for each ef, of which the best counts")
	flag.StringVar(&b.faiss, "faiss", "avx2", "which FAISS: avx2, built from Debian's source, or debian, its library")
	efs := flag.String("ef", "16,24,32,48,64,96,128,192,256,384,512", "values of ef, with commas")
	scale := flag.Bool("scale", false, "how building and searching grow with the set, instead")
	largest := flag.Int("largest", 1_000_000, "with -scale, the largest set")
	flag.Parse()
	if flag.NArg() > 0 {
		exit(fmt.Errorf("what is %q? see -help", flag.Arg(0)))
	}
	b.sets, b.engines = strings.Split(*sets, ","), strings.Split(*engines, ",")
	for _, s := range strings.Split(*efs, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || len(b.efs) > 0 && n <= b.efs[len(b.efs)-1] {
			exit(fmt.Errorf("-ef wants numbers that rise: %q", *efs))
		}
		b.efs = append(b.efs, n)
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		exit(err)
	}
	if *scale {
		exit(b.scale(*largest))
	}
	exit(b.run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/ann:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (b *bench) run() error {
	for _, e := range b.engines {
		if !slices.Contains(engineNames, e) {
			return fmt.Errorf("no engine is called %q: there are %s", e, strings.Join(engineNames, ", "))
		}
	}
	for _, name := range b.sets {
		s, err := b.open(name)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d vectors of %d, %d queries, %d threads build\n", s.name, s.n, s.dims, s.nq, b.threads)
		var all []*outcome
		for _, e := range b.engines {
			o, err := b.engine(e, s)
			if err != nil {
				return fmt.Errorf("%s: %w", e, err)
			}
			all = append(all, o)
			o.print()
		}
		compare(all)
	}
	return nil
}
