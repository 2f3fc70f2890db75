// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"vexj/uapi"
)

// The test binary, started again with this in its environment, is a writer that
// is going to be killed.
const crashEnv = "VEXJ_CRASH_WRITER"

func TestMain(m *testing.M) {
	if spec := os.Getenv(crashEnv); spec != "" {
		var v victim
		_, err := fmt.Sscanf(spec, "%s %d %d", &v.dir, &v.life, &v.durability)
		if err == nil {
			err = v.run()
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A victim is a process that writes with several goroutines until it is killed,
// and says on its output what it was told is safe. The records of each goroutine
// have numbers from 1.
type victim struct {
	dir        string
	life       int
	durability Durability
	w          *Writer
	mu         sync.Mutex
	pool       [][]byte // what records may look like
}

const hands = 4 // goroutines of a victim

func victimID(life, hand int, n uint64) uint64 {
	return testIDBase + uint64(life)<<40 + uint64(hand)<<32 + n
}

func (v *victim) run() (err error) {
	v.pool = newWorkload(1).records(300)
	v.w, err = Create(v.dir, Options{Durability: v.durability, SegmentSize: minSegmentSize, Interval: 2 * time.Millisecond})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	failed := make(chan error)
	for hand := range hands {
		go func() { failed <- v.write(hand) }()
	}
	return <-failed
}

func (v *victim) write(hand int) error {
	random := rand.New(rand.NewPCG(uint64(v.life), uint64(hand)))
	for n := uint64(1); ; {
		count := 1
		if v.durability == DurabilityBatch {
			count = 1 + random.IntN(20)
		}
		var batch [][]byte
		for i := range uint64(count) {
			rec := bytes.Clone(v.pool[random.IntN(len(v.pool))])
			le.PutUint64(rec[recID:], victimID(v.life, hand, n+i))
			batch = append(batch, rec)
		}
		n += uint64(count)
		safe, err := v.append(batch)
		if err != nil {
			return err
		}
		if !safe && random.IntN(200) == 0 {
			if err := v.w.Sync(); err != nil {
				return err
			}
			safe = true
		}
		if safe {
			fmt.Printf("safe %d %d\n", hand, n-1)
		}
	}
}

func (v *victim) append(batch [][]byte) (safe bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.durability == DurabilityBatch {
		_, err = v.w.AppendBatch(batch)
		return true, err
	}
	ordinal, err := v.w.Append(batch[0])
	return v.durability == DurabilityRecord || v.w.Stats().Acknowledged >= ordinal, err
}

// A trial kills one victim after the other that write to one journal.
type trial struct {
	dir    string
	lives  int
	safe   map[[2]int]uint64 // by life and hand
	random *rand.Rand
}

// A writer is killed at some moment, while it recovers or while several
// goroutines append, again and again on the same journal: each time all that it
// said was safe is there, with nothing that was never appended. VEXJ_KILLS sets
// how often.
func TestKilledWriter(t *testing.T) {
	kills := 60
	if testing.Short() {
		kills = 12
	}
	if s := os.Getenv("VEXJ_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		kills = n
	}
	const perJournal = 20
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	records := 0
	for n := 0; n < kills; n += perJournal {
		tr := trial{dir: t.TempDir(), safe: map[[2]int]uint64{}, random: rand.New(rand.NewPCG(seed, uint64(n)))}
		for range min(perJournal, kills-n) {
			tr.kill(t)
			tr.check(t)
		}
		if report, err := Recover(tr.dir, RecoverOptions{}); err != nil && !errors.Is(err, ErrEmpty) || report.Status > RecoveryComplete {
			t.Fatalf("recovery: %+v, %v", report, err)
		}
		records += tr.check(t)
		if report, err := Recover(tr.dir, RecoverOptions{}); err != nil && !errors.Is(err, ErrEmpty) || report.CutBytes > 0 || len(report.Segments) > 0 {
			t.Fatalf("second recovery: %+v, %v", report, err)
		}
		if err := os.RemoveAll(tr.dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d records survived", kills, records)
}

func (tr *trial) kill(t *testing.T) {
	t.Helper()
	life := tr.lives
	tr.lives++
	cmd := exec.Command(os.Args[0])
	durability := Durability(tr.random.IntN(len(durabilityNames)))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", crashEnv, tr.dir, life, durability))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	die := func() { _ = cmd.Process.Kill() }
	after := time.Duration(tr.random.Int64N(int64(15 * time.Millisecond)))
	early := tr.random.IntN(5) == 0
	if early {
		time.AfterFunc(after, die)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // half a line was not said
		}
		if line == "ready\n" {
			if !early {
				time.AfterFunc(after, die)
			}
			continue
		}
		var hand int
		var n uint64
		if _, err := fmt.Sscanf(line, "safe %d %d\n", &hand, &n); err != nil {
			t.Fatalf("victim said %q", line)
		}
		tr.safe[[2]int{life, hand}] = n
	}
	if err := cmd.Wait(); cmd.ProcessState.Exited() {
		t.Fatalf("victim ended by itself: %v", err)
	}
}

// check holds the journal as it was left against what was said, and returns how
// many records it has.
func (tr *trial) check(t *testing.T) (records int) {
	t.Helper()
	r, err := Open(tr.dir)
	if err != nil {
		if len(tr.safe) > 0 || !errors.Is(err, ErrEmpty) && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrNotJournal) {
			t.Fatalf("%d were said to be safe: %v", len(tr.safe), err)
		}
		return 0
	}
	defer r.Close()
	if report, err := r.Verify(func(p Problem) { t.Errorf("verify: %v", p) }); err != nil || report.Records != report.LastOrdinal {
		t.Fatalf("%+v, %v", report, err)
	}
	there := map[[2]int]uint64{}
	err = r.Scan(ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		id := rec.EventID() - testIDBase
		by := [2]int{int(id >> 40), int(id >> 32 & 0xff)}
		if n := id & 0xffffffff; n != there[by]+1 || by[0] >= tr.lives || by[1] >= hands {
			return fmt.Errorf("record %d is number %d of hand %v, after %d", ordinal, n, by, there[by])
		}
		there[by]++
		records++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for by, n := range tr.safe {
		if there[by] < n {
			t.Fatalf("hand %v was told that %d are safe, %d are there", by, n, there[by])
		}
	}
	return records
}
