// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vexj/bpf"
	"vexj/internal/recorder"
	"vexj/internal/scramble"
	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
)

func TestMain(m *testing.M) {
	scramble.Hook()
	if args := os.Getenv(replayEnv); args != "" {
		if err := replayOnce(strings.Split(args, ",")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// operations of a random workload; VEXJ_REPLAY sets another number.
func operations(t testing.TB) int {
	n, err := strconv.Atoi(os.Getenv("VEXJ_REPLAY"))
	if err != nil {
		return 8000
	}
	return n
}

// A scene is a tree that was made by a random workload, and the journal of it.
type scene struct{ tree, journal string }

// capture records what four processes do to trees of their own below one directory.
func capture(t testing.TB, base, what string, seed uint64, n int) scene {
	t.Helper()
	s := scene{filepath.Join(base, "tree"), filepath.Join(base, "journal")}
	must(t, os.Mkdir(s.tree, 0o755))
	var dirs []string
	for i := range 4 {
		dirs = append(dirs, filepath.Join(s.tree, strconv.Itoa(i)))
		must(t, os.Mkdir(dirs[i], 0o755))
	}
	pack, err := scramble.Gather(what, seed, n/len(dirs), dirs...)
	must(t, err)
	defer pack.End()
	p, err := bpf.Load(context.Background(), bpf.Options{Set: "syscall", RingBytes: 16 << 20,
		Filter: uapi.Filter{TGIDTree: pack.PIDs(), FailedToo: true}})
	must(t, err)
	defer p.Close()
	rec, err := recorder.Start(p, s.journal, nil)
	must(t, err)
	must(t, pack.Work())
	must(t, rec.Stop())
	return s
}

func open(t testing.TB, dir string) *userjournal.Set {
	t.Helper()
	set, err := userjournal.OpenSet(dir)
	must(t, err)
	t.Cleanup(func() { set.Close() })
	return set
}

// base is where the scenes are: on the disk of the machine, as /tmp may be a tmpfs
// that has no extended attributes of users.
func base(t testing.TB) string {
	if k := os.Getenv("VEXJ_KEEP"); k != "" {
		must(t, os.MkdirAll(k, 0o755))
		return k
	}
	return t.TempDir()
}

// A tree that was made by a random workload under the eyes of the kernel comes out of
// its journal again, whichever way it is replayed.
func TestTruth(t *testing.T) {
	s := capture(t, base(t), scramble.All, 1, operations(t))
	want, err := replay.ReadDirectory(s.tree)
	must(t, err)
	if len(want) < 40 {
		t.Fatalf("the workload left %d names", len(want))
	}
	for _, mode := range []replay.Mode{replay.Sequential, replay.Parallel, replay.Causal} {
		t.Run(mode.String(), func(t *testing.T) {
			player := replay.New(replay.Options{Mode: mode, Workers: 4, Problem: func(p replay.Problem) {
				// The four directories were there.
				if p.Kind != replay.Gap || !strings.Contains(p.Error(), "was there before") {
					t.Error(&p)
				}
			}})
			into := filepath.Join(t.TempDir(), "into")
			target, err := replay.OpenDirectory(into, replay.TreeOptions{From: s.tree, Report: player.Problem, Strict: true}, false)
			must(t, err)
			defer target.Close()
			report, err := player.Run(context.Background(), open(t, s.journal), target)
			must(t, err)
			t.Logf("%d records, %d steps, %+v", report.Records, report.Steps, target.Tree().Counts())
			have, err := replay.ReadDirectory(into)
			must(t, err)
			differences(t, want, have)
			differences(t, want, target.Tree().Entries())
			if report.Digest != replay.DigestOf(have, replay.AspectTree) {
				t.Error("the digest is not that of the directory")
			}
		})
	}
}

func differences(t *testing.T, want, have []replay.Entry) {
	t.Helper()
	diff := replay.Compare(want, have, replay.AspectTree)
	for i, d := range diff {
		if i == 20 {
			break
		}
		t.Error(d)
	}
	if len(diff) > 20 {
		t.Errorf("and %d more", len(diff)-20)
	}
}
