// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"text/tabwriter"

	"vexj/userjournal"
)

func main() {
	// The generator's threads are in the kernel all the time. Each would keep a
	// P to itself until the scheduler's monitor takes it away; a real producer
	// is not in this process at all.
	runtime.GOMAXPROCS(2 * runtime.NumCPU())
	var p plan
	runs := flag.Int("runs", 5, "how many runs to take the median of")
	flag.Uint64Var(&p.records, "records", 8_000_000, "how many records to make in a run")
	flag.IntVar(&p.ring, "ring", 4<<20, "bytes of each CPU's ring, a power of two")
	flag.StringVar(&p.dir, "dir", os.TempDir(), "where to make the journal; it is removed again")
	codec := flag.String("codec", "", "lz4, delta (then LZ4) or none; default is the journal's own choice")
	flag.StringVar(&p.profile, "cpuprofile", "", "write the last run's CPU profile to this file")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, p, *codec, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "bench/mirror:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, p plan, codec string, runs int) error {
	if runs < 1 || p.records == 0 {
		return errors.New("-runs and -records must be at least 1")
	}
	if codec != "" {
		var err error
		if p.codec, err = userjournal.ParseCodec(codec); err != nil {
			return err
		}
	}
	profile := p.profile
	var results []result
	for i := range runs {
		p.profile = ""
		if i == runs-1 {
			p.profile = profile
		}
		r, err := p.run(ctx)
		if err != nil {
			return fmt.Errorf("run %d: %w", i+1, err)
		}
		results = append(results, r)
	}
	return print(results)
}

func print(results []result) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "run\trecords/s\tmean bytes\tMB/s raw\tMB/s stored\tlost\tfullest ring\tpeak RSS\tuser ns/record\tsystem\t")
	row := func(name string, r result) {
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%d\t%d%%\t%.1f MiB\t%.0f\t%.0f\t\n", name,
			r.rate(), r.mean(), r.raw(), r.stored(), r.lost, r.fill, float64(r.rss)/(1<<20), r.each(r.user), r.each(r.system))
	}
	for i, r := range results {
		row(fmt.Sprint(i+1), r)
	}
	slices.SortFunc(results, func(a, b result) int { return int(a.rate() - b.rate()) })
	row("median", results[len(results)/2])
	return w.Flush()
}
