// SPDX-License-Identifier: Apache-2.0

package collection_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"vexj/userjournal"
	"vexj/userjournal/crashfs"
	"vexj/vector"
	"vexj/vector/collection"
	"vexj/vector/vectortest"
)

// points is how many crashes a test tries: VEXJ_KILLS, if it is set.
func points(t *testing.T, few int) int {
	t.Helper()
	if s := os.Getenv("VEXJ_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		ok(t, err)
		return n
	}
	return few
}

// TestPowerCut cuts the power at random steps of a run that changes, syncs, makes
// checkpoints, compacts and closes. What opens then has the digests that the
// uninterrupted run had after some change, none that was acknowledged missing. Of
// changes that are made together there are all or none, also of those that come into
// the graph at a time.
func TestPowerCut(t *testing.T) {
	for _, tc := range []struct {
		config                 string
		rounds, batch, workers int
	}{{"float32", 400, 1, 1}, {"sq8", 400, 1, 1}, {"float32", 24, 240, 1}, {"sq8", 24, 240, 4}} { // large batches: of several blocks of the journal
		t.Run(fmt.Sprintf("%s-%d-%d", tc.config, tc.batch, tc.workers), func(t *testing.T) {
			c := configs[tc.config]
			root, fsys := t.TempDir(), vectortest.New()
			ok(t, fsys.Disk.MkdirAll(root))
			dir := root + "/k"
			o := collection.Options{FS: fsys, JournalFS: fsys.Disk, CheckpointEvery: 90, Workers: tc.workers}
			digests := powerCutRun(t, fsys, dir, c, o, tc.rounds, tc.batch)
			rng := rand.New(rand.NewPCG(11, 12))
			steps := fsys.Disk.Steps()
			tried := 0
			for n := points(t, 40); tried < n; {
				k, mode, seed := rng.IntN(steps+1), crashfs.Modes[rng.IntN(len(crashfs.Modes))], rng.Uint64()
				noted := fsys.Disk.Noted(k)
				if noted == 0 {
					continue // Create had not returned
				}
				tried++
				what := fmt.Sprintf("cut at %d of %d, %s, seed %d", k, steps, mode, seed)
				to := t.TempDir()
				vectortest.Restore(t, fsys.Disk.Cut(k, mode, seed), root, to)
				after, err := collection.Open(to+"/k", collection.Options{})
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				got := must(after.Digest())
				at := slices.Index(digests[noted-1:], got)
				if at < 0 {
					t.Fatalf("%s: %d changes were acknowledged, and what is there is of none that follows; recovery %+v", what, noted-1, after.Recovery())
				}
				// It goes on from there.
				must(after.Create(1<<40, newWork(1, c.Dims).vector(), vector.Meta{}))
				ok(t, second(after.Graph().Validate()))
				ok(t, after.Close())
				ok(t, os.RemoveAll(to))
			}
			t.Logf("%d crash points of %d steps", tried, steps)
		})
	}
}

// powerCutRun makes the run and returns the digests after each change. What is
// noted is one more than the changes that are acknowledged.
func powerCutRun(t *testing.T, fsys *vectortest.FS, dir string, c collection.Config, o collection.Options, rounds, batch int) []collection.Digests {
	k := must(collection.Create(dir, c, o))
	digests := []collection.Digests{must(k.Digest())}
	fsys.Disk.Note(1)
	w := newWork(5, c.Dims)
	for n := range rounds {
		ok(t, k.Change(w.changes(&c.Config, 1+53*n%batch)))
		digests = append(digests, must(k.Digest()))
		switch {
		case n%150 == 149, n == 17:
			ok(t, k.Close())
			k = must(collection.Open(dir, o))
		case n%130 == 129:
			ok(t, k.Compact())
		case n%7 == 6:
			ok(t, k.Sync())
		default:
			continue
		}
		fsys.Disk.Note(uint64(len(digests)))
	}
	ok(t, k.Close())
	return digests
}

const childDir = "VEXJ_TEST_COLLECTION"

// TestMain is the child of TestKill, if it is told so: it changes, and says how far
// what it did is acknowledged.
func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	c := configs[os.Getenv("VEXJ_TEST_CONFIG")]
	k := must(collection.Open(dir, collection.Options{Durability: userjournal.DurabilityBatch, CheckpointEvery: 64}))
	done, _ := strconv.Atoi(os.Getenv("VEXJ_TEST_DONE"))
	w := newWork(5, c.Dims)
	for range done {
		w.change(&c.Config)
	}
	for n := done; ; n++ {
		if err := k.Change([]vector.Change{w.change(&c.Config)}); err != nil {
			panic(err)
		}
		fmt.Println(n + 1)
	}
}

// TestKill kills a process that changes a collection, again and again, at any
// moment, and compares what is left with a run that nobody disturbed.
func TestKill(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	// A new collection now and then, since each kill costs more the larger it is.
	for n := points(t, 6); n > 0; n -= 25 {
		killOften(t, rng, min(n, 25))
	}
}

func killOften(t *testing.T, rng *rand.Rand, times int) {
	// By its originals the graph goes on after a recovery as it would have without.
	name := "float32"
	c := configs[name]
	dir := filepath.Join(t.TempDir(), "k")
	ok(t, must(collection.Create(dir, c, collection.Options{})).Close())
	// The same changes without a crash, as far as they have come.
	quiet := must(collection.Create(t.TempDir(), c, collection.Options{CheckpointEvery: -1}))
	defer quiet.Close()
	w, done := newWork(5, c.Dims), 0
	for n := range times {
		acked := killed(t, dir, name, done, time.Duration(rng.IntN(60))*time.Millisecond)
		k := must(collection.Open(dir, collection.Options{}))
		want := must(k.Digest())
		for ; done < acked; done++ {
			ok(t, quiet.Change([]vector.Change{w.change(&c.Config)}))
		}
		for extra := 0; must(quiet.Digest()) != want; extra++ {
			if extra == 2 {
				t.Fatalf("kill %d: %d changes were acknowledged, and what is there is of none that follows: %+v", n, acked, k.Recovery())
			}
			ok(t, quiet.Change([]vector.Change{w.change(&c.Config)}))
			done++
		}
		ok(t, k.Close())
	}
	t.Logf("%d changes", done)
}

// killed runs a child and kills it a while after its first change; it returns how
// many changes are acknowledged.
func killed(t *testing.T, dir, config string, done int, after time.Duration) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, "VEXJ_TEST_CONFIG="+config, "VEXJ_TEST_DONE="+strconv.Itoa(done))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for first := true; lines.Scan(); first = false {
		n, err := strconv.Atoi(lines.Text())
		ok(t, err)
		done = n
		if first {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
	}
	_ = cmd.Wait() // it was killed
	return done
}
