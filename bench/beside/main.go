// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

var (
	rounds = flag.Int("rounds", 5, "`times` that each is measured")
	n      = flag.Int("n", 3000, "`times` that the work is done in a round")
	work   = flag.String("work", "", "")
)

// changes are those of names that each time of the work makes.
const changes = 5

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "beside:", err)
		os.Exit(1)
	}
}

func run() error {
	if *work != "" {
		return doWork(*work)
	}
	base, err := os.MkdirTemp("/var/tmp", "vexj-beside")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	ctl := filepath.Join(base, "vexjctl")
	if out, err := exec.Command("go", "build", "-o", ctl, "./cmd/vexjctl").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	tools := []tool{nobody{}, inotify{}, &vexj{ctl: ctl}}
	took, seen := make([][]time.Duration, len(tools)), make([][]int, len(tools))
	for round := range *rounds {
		for i, t := range tools {
			dir := filepath.Join(base, fmt.Sprint(round, "-", i))
			d, count, err := measure(t, dir)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name(), err)
			}
			took[i], seen[i] = append(took[i], d), append(seen[i], count)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\ta time of the work\tof %d changes, seen\n", *n*changes)
	for i, t := range tools {
		slices.Sort(took[i])
		slices.Sort(seen[i])
		each := took[i][len(took[i])/2] / time.Duration(*n)
		count := seen[i][len(seen[i])/2]
		fmt.Fprintf(w, "%s\t%.1f us\t%d (%.1f %%)\n", t.name(), float64(each)/1e3, count, 100*float64(count)/float64(*n*changes))
	}
	return w.Flush()
}

// measure has the work done while a tool watches.
func measure(t tool, dir string) (took time.Duration, seen int, err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return 0, 0, err
	}
	stop, err := t.watch(dir)
	if err != nil {
		return 0, 0, err
	}
	out, err := exec.Command(os.Args[0], "-n", strconv.Itoa(*n), "-work", dir).Output()
	if err == nil {
		var ns int64
		ns, err = strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
		took = time.Duration(ns)
	}
	seen, stopped := stop()
	return took, seen, errors.Join(err, stopped)
}

// doWork prints how long it took, in ns.
func doWork(dir string) error {
	begun := time.Now()
	for i := range *n {
		sub := filepath.Join(dir, strconv.Itoa(i))
		tmp, final := filepath.Join(sub, "tmp"), filepath.Join(sub, "final")
		err := errors.Join(os.Mkdir(sub, 0o755), os.WriteFile(tmp, []byte("x"), 0o644), os.Rename(tmp, final), os.Remove(final), os.Remove(sub))
		if err != nil {
			return err
		}
	}
	_, err := fmt.Println(time.Since(begun).Nanoseconds())
	return err
}

// A tool watches a folder until stop, which says how many changes of names it saw.
type tool interface {
	name() string
	watch(dir string) (stop func() (int, error), err error)
}

type nobody struct{}

func (nobody) name() string { return "nobody looks" }
func (nobody) watch(string) (func() (int, error), error) {
	return func() (int, error) { return 0, nil }, nil
}

type inotify struct{}

func (inotify) name() string { return "inotifywait" }

func (inotify) watch(dir string) (func() (int, error), error) {
	cmd := exec.Command("inotifywait", "-m", "-r", "--format", "%e", "-e", "create,delete,moved_to", dir)
	out, err := os.Create(dir + "-events")
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout = out
	stop, err := start(cmd, "Watches established")
	if err != nil {
		return nil, err
	}
	return func() (int, error) {
		time.Sleep(2 * time.Second) // it has no end to wait for
		if err := stop(); err != nil {
			return 0, err
		}
		events, err := os.ReadFile(dir + "-events")
		return bytes.Count(events, []byte("\n")), err
	}, nil
}

type vexj struct {
	ctl string
}

func (*vexj) name() string { return "vexjctl record" }

func (v *vexj) watch(dir string) (func() (int, error), error) {
	journal := dir + "-journal"
	cmd := exec.Command(v.ctl, "record", "--modify-only", "--path", dir, "--journal", journal)
	stop, err := start(cmd, "recording with")
	if err != nil {
		return nil, err
	}
	return func() (int, error) {
		if err := stop(); err != nil {
			return 0, err
		}
		out, err := exec.Command(v.ctl, "log", "--journal", journal, "--type", "mkdir,create,rename,delete,rmdir").Output()
		return bytes.Count(out, []byte("\n")), err
	}, nil
}

// start waits until a command says on its standard error that it is ready. The function
// that it returns ends it.
func start(cmd *exec.Cmd, ready string) (stop func() error, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	var said bytes.Buffer
	b := make([]byte, 4096)
	for !strings.Contains(said.String(), ready) {
		n, err := r.Read(b)
		said.Write(b[:n])
		if err != nil || said.Len() > 1<<16 {
			_ = cmd.Process.Kill()
			return nil, fmt.Errorf("it is not ready: %s", said.String())
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for {
			if _, err := r.Read(b); err != nil {
				return
			}
		}
	}()
	return func() error {
		err := cmd.Process.Signal(unix.SIGTERM)
		state, waited := cmd.Process.Wait()
		_ = w.Close()
		_ = r.Close()
		<-drained
		if state != nil && state.Sys().(interface{ Signaled() bool }).Signaled() {
			waited = nil // inotifywait has no other end
		}
		return errors.Join(err, waited)
	}, nil
}
