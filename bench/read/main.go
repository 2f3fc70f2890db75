// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"vexj/userjournal"
)

var (
	dir     = flag.String("dir", "", "`folder` of the journal, made if missing; without it one for the time of the run")
	records = flag.Int("records", 10_000_000, "`number` of records to make")
	codec   = flag.String("codec", "delta", "`name` of the codec to make it with")
	runs    = flag.Int("runs", 5, "`times` that each question is asked, each with a cold cache")
	only    = flag.String("only", "", "ask this `question` alone")
	ask     = flag.String("ask", "", "")
	seed    = flag.Int("seed", 0, "")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "read:", err)
		os.Exit(1)
	}
}

func run() error {
	if *ask != "" {
		return answer(*ask, *seed)
	}
	if *dir == "" {
		// Not in /tmp, which may be memory and has no cold cache.
		base, err := os.MkdirTemp("/var/tmp", "vexj-read")
		if err != nil {
			return err
		}
		defer os.RemoveAll(base)
		*dir = filepath.Join(base, "journal")
	}
	if _, err := os.Stat(*dir); errors.Is(err, fs.ErrNotExist) {
		if err := fill(); err != nil {
			return err
		}
	}
	r, err := userjournal.Open(*dir)
	if err != nil {
		return err
	}
	info, err := r.Info()
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	*records = int(info.Records)
	fmt.Printf("%d records in %d segments, %.1f MiB, %.1f bytes each\n\n", info.Records, info.Segments,
		float64(info.StoredBytes)/(1<<20), float64(info.StoredBytes)/float64(info.Records))
	return table()
}

func fill() error {
	c, err := userjournal.ParseCodec(*codec)
	if err != nil {
		return err
	}
	start := time.Now()
	w, err := userjournal.Create(*dir, userjournal.Options{Codec: c, Durability: userjournal.DurabilityNone})
	if err != nil {
		return err
	}
	work := newWork()
	for range *records {
		if _, err := w.Append(work.next()); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	fmt.Printf("made in %.1f s, %.0f MiB resident at most\n", time.Since(start).Seconds(), maxRSS())
	return nil
}

// table asks each question in a process of its own, after the files of the
// journal were dropped from the page cache, and again.
func table() error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "question\tcold ms\tworst\twarm ms\trecords\tMiB resident\t")
	for _, q := range questions {
		if *only != "" && *only != q.name {
			continue
		}
		var cold, warm []float64
		var found int
		var rss float64
		for i := range *runs {
			if err := dropCaches(*dir); err != nil {
				return err
			}
			for _, to := range []*[]float64{&cold, &warm} {
				ms, n, peak, err := child(q.name, i)
				if err != nil {
					return err
				}
				*to = append(*to, ms)
				found, rss = n, max(rss, peak)
			}
			if q.slow {
				break
			}
		}
		slices.Sort(cold)
		slices.Sort(warm)
		fmt.Fprintf(out, "%s\t%.1f\t%.1f\t%.1f\t%d\t%.1f\t\n", q.name, cold[len(cold)/2], cold[len(cold)-1], warm[len(warm)/2], found, rss)
	}
	return out.Flush()
}

func child(question string, seed int) (ms float64, found int, rss float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, 0, err
	}
	cmd := exec.Command(self, "-dir", *dir, "-ask", question, "-seed", fmt.Sprint(seed), "-records", fmt.Sprint(*records))
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%s: %w", question, err)
	}
	_, err = fmt.Sscan(string(b), &ms, &found, &rss)
	return ms, found, rss, err
}

// dropCaches makes the next read of each file one of the disk.
func dropCaches(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = errors.Join(unix.Fdatasync(int(f.Fd())), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
		if err != nil {
			return fmt.Errorf("drop %s from the page cache: %w", name, err)
		}
	}
	return nil
}

// maxRSS is the most that was resident of this process, in MiB. Unlike what
// getrusage says it does not count what the parent had when it forked.
func maxRSS() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, _ := strconv.Atoi(strings.Fields(rest)[0])
	return float64(kib) / 1024
}
