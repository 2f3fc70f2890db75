// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"vexj/bench/gen"
)

type options struct {
	runs    int
	records int
	ring    int
}

func main() {
	var o options
	flag.IntVar(&o.runs, "runs", 7, "runs of each reader, of which the median is taken")
	flag.IntVar(&o.records, "records", 1_000_000, "records of a run, about")
	flag.IntVar(&o.ring, "ring", 4<<20, "bytes of each CPU's ring")
	flag.Parse()
	if err := compare(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "ring:", err)
		os.Exit(1)
	}
}

// A result is one contender's times in one case, one a run, in nanoseconds a
// record.
type result struct {
	contender
	fill fill
	use  use
	each []float64
}

type fill struct {
	name  string
	share int // one of so many parts of a ring
}

type use struct {
	name string
	keep bool
}

var (
	fills = []fill{{"quarter", 4}, {"full", 1}}
	uses  = []use{{"take", false}, {"append", true}}
)

func compare(w io.Writer, o options) error {
	// The watermark is never crossed: waking is not what is measured.
	g, err := gen.New(o.ring, o.ring)
	if err != nil {
		return err
	}
	defer g.Close()
	if err := pin(g.CPUs()[0]); err != nil {
		return err
	}

	var results []*result
	for _, f := range fills {
		for _, u := range uses {
			for _, c := range contenders {
				results = append(results, &result{contender: c, fill: f, use: u})
			}
		}
	}
	for range o.runs {
		for _, r := range results {
			ns, err := r.measure(g, o.records)
			if err != nil {
				return fmt.Errorf("%s: %w", r.contender.name, err)
			}
			r.each = append(r.each, ns)
		}
	}
	c := g.Counters()
	fmt.Fprintf(w, "%d rings of %d KiB, records of %.0f bytes in the mean, median of %d runs of %d records\n\n",
		len(g.CPUs()), o.ring>>10, float64(g.Bytes())/float64(c.Recorded), o.runs, o.records)
	return table(w, results)
}

// pin keeps the calling goroutine on one CPU, for good.
func pin(cpu int) error {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("move to CPU %d: %w", cpu, err)
	}
	return nil
}

func table(w io.Writer, results []*result) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "rings\tuse\treader\tns/record\tmin\tmax\tmillion/s\tratio\t")
	var base float64 // of the first contender in the same case
	for i, r := range results {
		slices.Sort(r.each)
		median := r.each[len(r.each)/2]
		if i%len(contenders) == 0 {
			base = median
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t\n", r.fill.name, r.use.name,
			r.contender.name, median, r.each[0], r.each[len(r.each)-1], 1e3/median, base/median)
	}
	return tw.Flush()
}

// measure fills and drains the rings until about the number of records was read,
// and returns the nanoseconds that the draining of one took.
func (r *result) measure(g *gen.Generator, records int) (ns float64, err error) {
	var drainers []drainer
	defer func() {
		for _, d := range drainers {
			err = errors.Join(err, d.Close())
		}
	}()
	for _, m := range g.Maps() {
		d, err := r.open(m)
		if err != nil {
			return 0, err
		}
		drainers = append(drainers, d)
	}
	// No run of records is as long as 290 bytes each in the mean, so each ring
	// has room for this number.
	each := g.Rings()[0].Size() / r.fill.share / 290
	s := &sink{block: make([]byte, blockSize)}
	var spent int64
	total := 0
	for ; total < records; total += each * len(drainers) {
		if err := g.Run(context.Background(), uint64(each), gen.Wait); err != nil {
			return 0, err
		}
		start := threadTime()
		for _, d := range drainers {
			if err := d.drain(s, each, r.use.keep); err != nil {
				return 0, err
			}
		}
		spent += threadTime() - start
	}
	return float64(spent) / float64(total), nil
}

// threadTime is what the processor spent on this thread, in nanoseconds.
func threadTime() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err) // the clock exists since Linux 2.6.12
	}
	return ts.Nano()
}
