// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

const (
	roleEnv  = "VEXJ_STORM_ROLE"
	dirEnv   = "VEXJ_STORM_DIR"
	workEnv  = "VEXJ_STORM_WORK"
	countEnv = "VEXJ_STORM_COUNT"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(roleEnv) {
	case "worker":
		var n int
		if n, err = strconv.Atoi(os.Getenv(countEnv)); err == nil {
			err = work(os.Getenv(dirEnv), n)
		}
	case "recorder":
		err = recordUntilKilled(os.Getenv(dirEnv), os.Getenv(workEnv))
	default:
		os.Exit(m.Run())
	}
	if err != nil {
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
	if err != nil || n < processes {
		t.Fatalf("VEXJ_STORM=%q is no number of operations", s)
	}
	return n
}

// audit opens the journal and holds it to its promises.
func audit(t *testing.T, dir string) (*userjournal.Reader, *query.Account) {
	t.Helper()
	r, err := userjournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if _, err := r.Verify(func(p userjournal.Problem) { t.Errorf("verify: %v", p) }); err != nil {
		t.Fatal(err)
	}
	a, err := query.Audit(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range a.Epochs {
		for _, p := range e.Problems {
			t.Errorf("run of %v: %v", e.Producer, p)
		}
	}
	return r, a
}

// Every operation of a storm is a record or is counted as lost, by the journal
// alone, and what the ring held is what the journal holds; also where the ring
// is much too small.
func TestStorm(t *testing.T) {
	total := operations(t)
	for _, test := range []struct {
		name string
		ring int
	}{
		{"default ring", 0},
		{"ring of one page", os.Getpagesize()},
		{"large ring", 64 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			pack := gather(t, dir, total/processes)
			journal := filepath.Join(dir, "journal")
			digest := sha256.New()
			rec, err := record(journal, test.ring, digest, uapi.Filter{TGIDTree: pack.pids(), PathPrefixes: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			pack.release(t)
			pack.wait(t)
			if err := rec.stop(); err != nil {
				t.Fatal(err)
			}

			r, a := audit(t, journal)
			if len(a.Epochs) != 1 || !a.Epochs[0].Stopped {
				t.Fatalf("%d runs, want one that ended", len(a.Epochs))
			}
			e := a.Epochs[0]
			// START and STOP are numbered as well.
			want := uint64(total/processes*processes) + 2
			if e.Attempted != want || e.Records+e.Lost != want || e.Missing != 0 {
				t.Errorf("attempted %d, journaled %d, lost %d, missing %d; want %d = journaled + lost",
					e.Attempted, e.Records, e.Lost, e.Missing, want)
			}
			t.Logf("attempted %d = journaled %d + lost %d", e.Attempted, e.Records, e.Lost)
			if got := digestOf(t, r); !bytes.Equal(got, digest.Sum(nil)) {
				t.Errorf("SHA-256 of the journal's records is %x, of those drained from the ring %x", got, digest.Sum(nil))
			}
		})
	}
}

// digestOf is the digest of the records that came from a ring.
func digestOf(t *testing.T, r *userjournal.Reader) []byte {
	t.Helper()
	var h hash.Hash = sha256.New()
	err := r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		switch rec.Type() {
		case uapi.SysLost, uapi.SysProducerStart, uapi.SysProducerStop:
		default:
			h.Write(rec)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.Sum(nil)
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
	pack := gather(t, work, operations(t)/processes)
	for i := range kills + 1 {
		rec := startRecorder(t, journal, work)
		if i == 0 {
			pack.release(t)
		}
		if i == kills {
			pack.wait(t)
			rec.end(t, syscall.SIGTERM)
			break
		}
		time.Sleep(time.Duration(500+200*i) * time.Millisecond)
		rec.end(t, syscall.SIGKILL)
		_, a := audit(t, journal)
		if n := len(a.Epochs); n != i+1 || a.Epochs[n-1].Stopped {
			t.Errorf("after kill %d the journal has %d runs, the last one ended: %v", i+1, n, a.Epochs[n-1].Stopped)
		}
	}
	_, a := audit(t, journal)
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
