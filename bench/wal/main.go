// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// taskEnv makes the program do one task and print its result.
const taskEnv = "VEXJ_BENCH_WAL_TASK"

func main() {
	if spec := os.Getenv(taskEnv); spec != "" {
		exit(child(spec))
	}
	var b bench
	flag.IntVar(&b.runs, "runs", 3, "how many rounds to take the median of")
	flag.IntVar(&b.records, "records", 2_000_000, "how many records; fewer where each waits for the disk, see the documentation")
	flag.IntVar(&b.batch, "batch", 1, "how many records one call has with policies none and 10ms, 1 to 100")
	flag.StringVar(&b.dir, "dir", filepath.Join(os.TempDir(), "vexj-bench-wal"), "where to work; the records stay there, all else is removed")
	flag.StringVar(&b.profile, "cpuprofile", "", "write CPU profiles to files that begin so")
	names := flag.String("engines", "", "engines, with commas; default all")
	policies := flag.String("policies", strings.Join(policyNames[:], ","), "when to sync: "+strings.Join(policyNames[:], ", "))
	writers := flag.String("writers", "1,4", "numbers of writers, with commas")
	flag.Parse()
	exit(errors.Join(b.choose(*names, *policies, *writers), flagError()), b.main)
}

func flagError() error {
	if flag.NArg() > 0 {
		return fmt.Errorf("what is %q? see -help", flag.Arg(0))
	}
	return nil
}

// exit does what is left to do and ends the program.
func exit(err error, rest ...func() error) {
	for _, fn := range rest {
		if err == nil {
			err = fn()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/wal:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(spec string) error {
	var t task
	if err := json.Unmarshal([]byte(spec), &t); err != nil {
		return err
	}
	r, err := t.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// A bench is what the flags ask for.
type bench struct {
	runs, records int
	batch         int
	dir, profile  string
	engines       []*engine
	policies      []policy
	writers       []int
}

func (b *bench) choose(names, policies, writers string) error {
	if b.runs < 1 || b.records < 100*hundred {
		return fmt.Errorf("-runs must be at least 1, -records at least %d", 100*hundred)
	}
	if b.batch < 1 || b.batch > hundred {
		return fmt.Errorf("-batch must be 1 to %d", hundred)
	}
	if names == "" {
		for i := range engines {
			b.engines = append(b.engines, &engines[i])
		}
	} else {
		for name := range strings.SplitSeq(names, ",") {
			e, err := findEngine(name)
			if err != nil {
				return err
			}
			b.engines = append(b.engines, e)
		}
	}
	for name := range strings.SplitSeq(policies, ",") {
		p, err := parsePolicy(name)
		if err != nil {
			return err
		}
		b.policies = append(b.policies, p)
	}
	for text := range strings.SplitSeq(writers, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-writers %q: give numbers", writers)
		}
		b.writers = append(b.writers, n)
	}
	return nil
}

func (b *bench) main() error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(b.input()); err != nil {
		if err := makeInput(b.input(), b.records); err != nil {
			return errors.Join(fmt.Errorf("make records: %w", err), os.RemoveAll(b.input()))
		}
	}
	// Who has seen enough gets the table of what there is.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	all := table{bench: b}
	if err := b.rounds(ctx, &all); err != nil && ctx.Err() == nil {
		return err
	}
	return all.print(os.Stdout)
}

func (b *bench) rounds(ctx context.Context, all *table) error {
	random := rand.New(rand.NewPCG(1, uint64(b.runs)))
	for round := range b.runs {
		for _, p := range b.policies {
			for _, n := range b.writers {
				// What an engine leaves behind, such as blocks to be discarded, is
				// not always to be the same one's burden.
				for _, i := range random.Perm(len(b.engines)) {
					e := b.engines[i]
					if err := b.round(ctx, all, round, e, p, n); err != nil {
						return fmt.Errorf("%s, policy %v, %d writers: %w", e.name, p, n, err)
					}
				}
			}
		}
	}
	return nil
}

func (b *bench) input() string { return filepath.Join(b.dir, fmt.Sprintf("records-%d", b.records)) }

// share is how many of the records a policy gets.
func (b *bench) share(p policy) int {
	switch p {
	case eachHundred:
		return b.records / 10
	case eachRecord:
		return b.records / 100
	}
	return b.records
}

// perCall is how many records one call of append has.
func (b *bench) perCall(p policy) int {
	switch p {
	case eachHundred:
		return hundred
	case eachRecord:
		return 1
	}
	return b.batch
}

// round writes and reads with one engine; and, with one writer that never
// syncs, writes, crashes and recovers.
func (b *bench) round(ctx context.Context, all *table, round int, e *engine, p policy, writers int) error {
	t := task{Engine: e.name, Policy: p, Writers: writers, Records: b.share(p), Batch: b.perCall(p), Input: b.input()}
	first, then := []string{"write"}, []string{"read"}
	if p == never && writers == 1 {
		first, then = append(first, "crash"), append(then, "recover")
	}
	for i := range first {
		t.Dir = filepath.Join(b.dir, "journal")
		if err := os.RemoveAll(t.Dir); err != nil {
			return err
		}
		if err := os.Mkdir(t.Dir, 0o755); err != nil {
			return err
		}
		for _, t.Do = range []string{first[i], then[i]} {
			if b.profile != "" {
				t.Profile = fmt.Sprintf("%s-%s-%v-%d-%s-%d", b.profile, e.name, p, writers, t.Do, round)
			}
			r, err := t.start(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", t.Do, err)
			}
			all.add(t, r)
			// What one has left behind is not written while the next one runs.
			unix.Sync()
		}
	}
	return os.RemoveAll(t.Dir)
}

// start does the task in a process of its own.
func (t task) start(ctx context.Context) (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	spec, err := json.Marshal(t)
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), taskEnv+"="+string(spec))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return r, err
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}
