// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"vexj/query"
	"vexj/userjournal"
)

const workEnv = "VEXJ_STORM_WORK"

func TestMain(m *testing.M) {
	Hook()
	if os.Getenv(roleEnv) != "recorder" {
		os.Exit(m.Run())
	}
	if err := recordUntilKilled(os.Getenv(dirEnv), os.Getenv(workEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func operations(t *testing.T) int {
	s := os.Getenv("VEXJ_STORM")
	if s == "" {
		return 5_000_000
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < Processes {
		t.Fatalf("VEXJ_STORM=%q is no number of operations", s)
	}
	return n
}

// audit is the account of a journal, which is without a fault.
func audit(t *testing.T, dir string) *query.Account {
	t.Helper()
	r, err := userjournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a, err := check(r)
	if err != nil {
		t.Error(err)
	}
	return a
}

// Every operation of a storm is a record or is counted as lost, by the journal
// alone, and what the ring held is what the journal holds; also where the ring
// is much too small.
func TestStorm(t *testing.T) {
	for _, test := range []struct {
		name string
		ring int
	}{
		{"default ring", 0},
		{"ring of one page", os.Getpagesize()},
		{"large ring", 64 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			tally, err := Run(load, t.TempDir(), operations(t), test.ring)
			if err != nil {
				t.Error(err)
			}
			t.Log(tally)
		})
	}
}

// A recorder that is killed in the middle leaves a journal that verifies, and
// the next one goes on with it.
func TestKilledRecorder(t *testing.T) {
	dir := t.TempDir()
	work, journal := filepath.Join(dir, "work"), filepath.Join(dir, "journal")
	if err := os.Mkdir(work, 0o700); err != nil {
		t.Fatal(err)
	}
	const kills = 3
	pack, err := gather(work, operations(t)/Processes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pack.kill() })
	for i := range kills + 1 {
		rec := startRecorder(t, journal, work)
		if i == 0 {
			if err := pack.release(); err != nil {
				t.Fatal(err)
			}
		}
		if i == kills {
			if err := pack.wait(); err != nil {
				t.Error(err)
			}
			rec.end(t, syscall.SIGTERM)
			break
		}
		time.Sleep(time.Duration(500+200*i) * time.Millisecond)
		rec.end(t, syscall.SIGKILL)
		a := audit(t, journal)
		if n := len(a.Epochs); n != i+1 || a.Epochs[n-1].Stopped {
			t.Errorf("after kill %d the journal has %d runs, the last one ended: %v", i+1, n, a.Epochs[n-1].Stopped)
		}
	}
	a := audit(t, journal)
	if n := len(a.Epochs); n != kills+1 || !a.Epochs[n-1].Stopped {
		t.Errorf("the journal has %d runs, want %d of which the last one ended", n, kills+1)
	}
	var before uint64
	for _, e := range a.Epochs {
		if e.IDBase <= before {
			t.Errorf("event ids do not rise from run to run: %#x after %#x", e.IDBase, before)
		}
		before = e.IDBase
		if e.Stopped && e.Records+e.Lost != e.Attempted {
			t.Errorf("attempted %d, journaled %d, lost %d", e.Attempted, e.Records, e.Lost)
		}
	}
}

type child struct {
	*exec.Cmd
	stderr bytes.Buffer
}

func startRecorder(t *testing.T, journal, work string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command("/proc/self/exe")}
	c.Env = append(os.Environ(), roleEnv+"=recorder", dirEnv+"="+journal, workEnv+"="+work)
	c.Stderr = &c.stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	if !bufio.NewScanner(out).Scan() {
		t.Fatalf("the recorder did not start: %s", c.stderr.Bytes())
	}
	return c
}

func (c *child) end(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := c.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil && sig != syscall.SIGKILL {
		t.Fatalf("the recorder: %v: %s", err, c.stderr.Bytes())
	}
}
