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
	"path/filepath"
	"slices"
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
		_, err := fmt.Sscanf(spec, "%s %d %d %d", &v.dir, &v.life, &v.durability, &v.shards)
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
	shards     int // 0: it writes to a journal by itself
	w          *SetWriter
	mu         sync.Mutex
	pool       [][]byte // what records may look like
}

const hands = 4 // goroutines of a victim

func victimID(life, hand int, n uint64) uint64 {
	return testIDBase + uint64(life)<<40 + uint64(hand)<<32 + n
}

func (v *victim) run() (err error) {
	v.pool = newWorkload(1).records(300)
	v.w, err = CreateSet(v.dir, shardsIn(v.dir, v.shards), Options{Durability: v.durability, SegmentSize: minSegmentSize, Interval: 2 * time.Millisecond})
	if err != nil {
		return err
	}
	v.w.stretch = 4 << 10
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
	if err != nil {
		return false, err
	}
	if v.durability == DurabilityRecord {
		return true, nil
	}
	if v.shards > 0 {
		return false, nil // of one record a shard can tell, not of all before it
	}
	return v.w.Stats().Acknowledged >= ordinal, nil
}

// shardsIn are directories inside that of a set.
func shardsIn(dir string, n int) (dirs []string) {
	for i := range n {
		dirs = append(dirs, filepath.Join(dir, strconv.Itoa(i)))
	}
	return dirs
}

// A trial kills one victim after the other that write to one journal.
type trial struct {
	dir    string
	shards int
	lives  int
	safe   map[[2]int]uint64 // by life and hand
	random *rand.Rand
}

// A writer is killed at some moment, while it recovers or while several
// goroutines append, again and again on the same journal: each time all that it
// said was safe is there, with nothing that was never appended. Every third
// journal is a set of shards. VEXJ_KILLS sets how often.
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
	perJournal := min(20, kills/3)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	records, sets := 0, 0
	for n := 0; n < kills; n += perJournal {
		tr := trial{dir: t.TempDir(), safe: map[[2]int]uint64{}, random: rand.New(rand.NewPCG(seed, uint64(n)))}
		if n/perJournal%3 == 2 {
			tr.shards = 2 + tr.random.IntN(3)
			sets++
		}
		for range min(perJournal, kills-n) {
			tr.kill(t)
			tr.check(t)
		}
		tr.recover(t, func(r RecoveryReport) bool { return r.Status <= RecoveryComplete })
		records += tr.check(t)
		tr.recover(t, func(r RecoveryReport) bool { return r.CutBytes == 0 && len(r.Segments) == 0 })
		if err := os.RemoveAll(tr.dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d records survived; %d journals were sets", kills, records, sets)
}

func (tr *trial) recover(t *testing.T, good func(RecoveryReport) bool) {
	t.Helper()
	dirs, err := ShardDirs(tr.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		report, err := Recover(dir, RecoverOptions{})
		if err != nil && !errors.Is(err, ErrEmpty) || !good(report) && err == nil {
			t.Fatalf("recovery: %+v, %v", report, err)
		}
	}
}

func (tr *trial) kill(t *testing.T) {
	t.Helper()
	life := tr.lives
	tr.lives++
	cmd := exec.Command(os.Args[0])
	durability := Durability(tr.random.IntN(len(durabilityNames)))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d %d", crashEnv, tr.dir, life, durability, tr.shards))
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
	s, err := OpenSet(tr.dir)
	if err != nil {
		if len(tr.safe) > 0 || !slices.ContainsFunc([]error{ErrEmpty, ErrTruncated, ErrNotJournal, ErrShards},
			func(early error) bool { return errors.Is(err, early) }) {
			t.Fatalf("%d were said to be safe: %v", len(tr.safe), err)
		}
		return 0
	}
	defer s.Close()
	for _, r := range s.Shards() {
		if report, err := r.Verify(func(p Problem) { t.Errorf("verify: %v", p) }); err != nil || report.Records != report.LastOrdinal {
			t.Fatalf("%+v, %v", report, err)
		}
	}
	there := map[[2]int]uint64{} // numbers without a gap
	behind := map[[2]int]map[uint64]bool{}
	err = s.Scan(ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		id := rec.EventID() - testIDBase
		by, n := [2]int{int(id >> 40), int(id >> 32 & 0xff)}, id&0xffffffff
		records++
		switch {
		case by[0] >= tr.lives || by[1] >= hands || n <= there[by] || behind[by][n]:
			return fmt.Errorf("record %d is number %d of hand %v, after %d", ordinal, n, by, there[by])
		case n == there[by]+1:
			for there[by] = n; behind[by][there[by]+1]; there[by]++ {
				delete(behind[by], there[by]+1)
			}
			return nil
		case tr.shards == 0:
			return fmt.Errorf("record %d is number %d of hand %v, after %d", ordinal, n, by, there[by])
		}
		// Of what was not safe one shard may have kept more than another.
		if behind[by] == nil {
			behind[by] = map[uint64]bool{}
		}
		behind[by][n] = true
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
