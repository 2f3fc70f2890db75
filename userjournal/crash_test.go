// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The test binary, started again with this in its environment, is a writer that
// is going to be killed.
const crashEnv = "VEXJ_CRASH_WRITER"

func TestMain(m *testing.M) {
	if spec := os.Getenv(crashEnv); spec != "" {
		if err := crashWriter(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// crashWriter appends until it is killed, and says on its output up to which
// ordinal it was told that records are safe. The records are those of the
// workload, one for each ordinal.
func crashWriter(spec string) error {
	dir, mode, _ := strings.Cut(spec, "\n")
	d, err := ParseDurability(mode)
	if err != nil {
		return err
	}
	w, err := Create(dir, Options{Durability: d, SegmentSize: 64 << 10, Interval: 2 * time.Millisecond})
	if err != nil {
		return err
	}
	first := w.Recovery().Next
	fmt.Printf("start %d\n", first)
	source := newWorkload(1)
	for range first - 1 {
		source.next()
	}
	for i := 1; ; i++ {
		ordinal, err := w.Append(source.next())
		if err != nil {
			return err
		}
		switch {
		case d == DurabilityRecord:
			fmt.Printf("safe %d\n", ordinal)
		case i%997 == 0:
			if err := w.Sync(); err != nil {
				return err
			}
			fmt.Printf("safe %d\n", ordinal)
		case i%50 == 0 && d == DurabilityInterval:
			fmt.Printf("safe %d\n", w.Stats().Acknowledged)
		}
	}
}

// A writer is killed at some moment, again and again on the same journal: each
// time all that it said was safe is there, with nothing that was never
// appended.
func TestKilledWriter(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for _, d := range []Durability{DurabilityNone, DurabilityInterval, DurabilityRecord} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			random := rand.New(rand.NewPCG(uint64(d), 7))
			for range rounds {
				safe := killWriter(t, dir, d, time.Duration(random.Int64N(int64(60*time.Millisecond))))
				last := checkKilled(t, dir)
				if last < safe {
					t.Fatalf("%d records, %d were safe", last, safe)
				}
			}
			recs, _ := scanAll(t, open(t, dir), ScanOptions{})
			want := newWorkload(1)
			for i, rec := range recs {
				if w := want.next(); string(rec) != string(w) {
					t.Fatalf("record %d was never appended", i+1)
				}
			}
			t.Logf("%d records", len(recs))
		})
	}
}

// killWriter returns up to which ordinal the writer said that records are safe.
func killWriter(t *testing.T, dir string, d Durability, after time.Duration) (safe uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+dir+"\n"+d.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatalf("writer did not start: %v", err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		var n uint64
		if _, err := fmt.Sscanf(line, "safe %d\n", &n); err != nil {
			t.Fatalf("writer said %q", line)
		}
		safe = max(safe, n)
	}
	if err := cmd.Wait(); cmd.ProcessState.Exited() {
		t.Fatalf("writer ended by itself: %v", err)
	}
	return safe
}

// checkKilled verifies the journal as the writer left it and returns its last
// ordinal.
func checkKilled(t *testing.T, dir string) uint64 {
	t.Helper()
	report := verify(t, dir)
	if report.Records != report.LastOrdinal {
		t.Fatalf("%d records up to ordinal %d", report.Records, report.LastOrdinal)
	}
	return report.LastOrdinal
}
