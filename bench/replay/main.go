// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"vexj/query/replay"
	"vexj/userjournal"
)

func main() {
	dir := flag.String("dir", "", "`folder` to work in; a temporary one if empty")
	n := flag.Int("records", 1_000_000, "`number` of records")
	runs := flag.Int("runs", 3, "`number` of runs of which the median counts")
	flag.Parse()
	if err := measure(*dir, *n, *runs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(dir string, n, runs int) (err error) {
	dir, err = os.MkdirTemp(dir, "vexj-replay-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	unix.Umask(0o022)
	work := newWork(n)
	journal := filepath.Join(dir, "journal")
	if err := work.record(journal); err != nil {
		return err
	}
	fmt.Printf("%d records: %v; %d CPUs\n", n, work.mix(), runtime.NumCPU())
	set, err := userjournal.OpenSet(journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()

	rows := []struct {
		name string
		run  func(into string) error
	}{
		{"the operations by themselves", work.do},
		{"dry run", func(string) error { return play(set, "", replay.Sequential, "") }},
		{"sequential", func(into string) error { return play(set, into, replay.Sequential, "") }},
		{"parallel", func(into string) error { return play(set, into, replay.Parallel, "") }},
		{"causal", func(into string) error { return play(set, into, replay.Causal, "") }},
		{"sequential, with checkpoints", func(into string) error {
			return play(set, into, replay.Sequential, into+".checkpoint")
		}},
	}
	times := make([][]time.Duration, len(rows))
	for i := range runs {
		for k, row := range rows {
			into := filepath.Join(dir, fmt.Sprintf("into-%d-%d", i, k))
			runtime.GC()
			begun := time.Now()
			if err := row.run(into); err != nil {
				return fmt.Errorf("%s: %w", row.name, err)
			}
			times[k] = append(times[k], time.Since(begun))
			if err := os.RemoveAll(into); err != nil {
				return err
			}
		}
	}
	base := median(times[0])
	for k, row := range rows {
		t := median(times[k])
		fmt.Printf("%-30s %8.2f s %10.0f records/s  %5.2f of the operations by themselves\n", row.name,
			t.Seconds(), float64(n)/t.Seconds(), t.Seconds()/base.Seconds())
	}
	return nil
}

func median(ts []time.Duration) time.Duration {
	slices.Sort(ts)
	return ts[len(ts)/2]
}

// play replays the journal; into "" is a dry run.
func play(set *userjournal.Set, into string, mode replay.Mode, checkpoint string) error {
	player := replay.New(replay.Options{Mode: mode, Checkpoint: checkpoint, Every: time.Second})
	o := replay.TreeOptions{From: root, Report: player.Problem}
	if into == "" {
		_, err := player.Run(context.Background(), set, replay.Dry{Tree: replay.NewTree(o)})
		return err
	}
	target, err := replay.OpenDirectory(into, o, false)
	if err != nil {
		return err
	}
	_, err = player.Run(context.Background(), set, target)
	return errors.Join(err, target.Close())
}
