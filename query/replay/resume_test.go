// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/internal/scramble"
	"vexj/query/replay"
	"vexj/userjournal"
)

// replayEnv makes a copy of the test binary replay: journal, prefix, directory,
// checkpoint, mode.
const replayEnv = "VEXJ_REPLAY_ONCE"

// replayOnce resumes a replay, or begins it.
func replayOnce(args []string) error {
	set, err := userjournal.OpenSet(args[0])
	if err != nil {
		return err
	}
	defer set.Close()
	mode, err := replay.ParseMode(args[4])
	if err != nil {
		return err
	}
	_, err = os.Stat(args[3])
	resume := err == nil
	player := replay.New(replay.Options{Mode: mode, Workers: 2, Checkpoint: args[3], Resume: resume, What: args[1],
		Every: time.Millisecond})
	target, err := replay.OpenDirectory(args[2], replay.TreeOptions{From: args[1], Report: player.Problem}, resume)
	if err != nil {
		return err
	}
	defer target.Close()
	_, err = player.Run(context.Background(), set, target)
	return err
}

// kills of TestKilled; VEXJ_KILLS sets another number.
func kills() int {
	n, err := strconv.Atoi(os.Getenv("VEXJ_KILLS"))
	if err != nil {
		return 12
	}
	return n
}

// A replay that is killed at any time, again and again, and resumed makes the tree that
// it would have made.
func TestKilled(t *testing.T) {
	s := capture(t, base(t), scramble.All, 2, operations(t))
	want, err := replay.ReadDirectory(s.tree)
	must(t, err)
	r := rand.New(rand.NewPCG(3, 4))
	for _, mode := range []string{"sequential", "parallel", "causal"} {
		t.Run(mode, func(t *testing.T) {
			killed, rounds := 0, 0
			whole := 200 * time.Millisecond
			for killed < kills()/3 {
				rounds++
				if rounds > 10*kills() {
					t.Fatalf("only %d of %d replays could be killed", killed, rounds)
				}
				dir := t.TempDir()
				into, checkpoint := filepath.Join(dir, "into"), filepath.Join(dir, "checkpoint")
				for {
					var stderr bytes.Buffer
					cmd := exec.Command("/proc/self/exe")
					cmd.Env = append(os.Environ(), replayEnv+"="+strings.Join([]string{s.journal, s.tree, into, checkpoint, mode}, ","))
					cmd.Stderr = &stderr
					must(t, cmd.Start())
					begun := time.Now()
					kill := time.AfterFunc(time.Duration(r.Int64N(int64(whole))), func() { _ = cmd.Process.Kill() })
					// One that hangs tells where.
					stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Signal(unix.SIGQUIT) })
					err := cmd.Wait()
					kill.Stop()
					stuck.Stop()
					if err == nil {
						whole = time.Since(begun)
						break
					}
					if cmd.ProcessState.Exited() {
						t.Fatalf("the replay: %v: %s", err, stderr.Bytes())
					}
					killed++
					whole += whole / 4 // it must come to an end under load
					if _, err := os.Stat(checkpoint); errors.Is(err, os.ErrNotExist) {
						must(t, os.RemoveAll(into)) // it had not begun
					}
				}
				have, err := replay.ReadDirectory(into)
				must(t, err)
				differences(t, want, have)
				if t.Failed() {
					return
				}
			}
			t.Logf("%d kills", killed)
		})
	}
}

// What cannot be gone on from is told, and nothing is changed.
func TestRefusedCheckpoints(t *testing.T) {
	s := capture(t, base(t), scramble.Names, 5, 400)
	run := func(o replay.Options, into string, again bool) error {
		player := replay.New(o)
		target, err := replay.OpenDirectory(into, replay.TreeOptions{From: s.tree, Report: player.Problem}, again)
		if err != nil {
			return err
		}
		defer target.Close()
		_, err = player.Run(context.Background(), open(t, s.journal), target)
		return err
	}
	dir := t.TempDir()
	into, file := filepath.Join(dir, "into"), filepath.Join(dir, "checkpoint")
	must(t, run(replay.Options{Checkpoint: file, What: "a"}, into, false))
	good, err := os.ReadFile(file)
	must(t, err)

	refused := func(name string, o replay.Options, want error, text string) {
		t.Helper()
		err := run(o, into, true)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, run(replay.Options{Checkpoint: file, What: "a", Resume: true}, into, true))
	refused("not resumed", replay.Options{Checkpoint: file, What: "a"}, replay.ErrCheckpoint, "is there")
	refused("of another replay", replay.Options{Checkpoint: file, What: "b", Resume: true}, replay.ErrCheckpoint, "of another replay")
	refused("missing", replay.Options{Checkpoint: file + "x", What: "a", Resume: true}, replay.ErrCheckpoint, "no such file")
	if err := run(replay.Options{}, into, false); !errors.Is(err, replay.ErrTarget) {
		t.Errorf("into a directory that is not empty: %v", err)
	}
	for i := 0; i < len(good); i += 1 + len(good)/97 {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		must(t, os.WriteFile(file, bad, 0o600))
		refused("byte "+strconv.Itoa(i), replay.Options{Checkpoint: file, What: "a", Resume: true}, replay.ErrCheckpoint, "")
	}
	must(t, os.WriteFile(file, good, 0o600))
	must(t, unix.Mknod(filepath.Join(into, "new"), unix.S_IFIFO|0o600, 0))
	refused("somebody made a file", replay.Options{Checkpoint: file, What: "a", Resume: true}, replay.ErrCheckpoint, "new: name is FIFO, want nothing")
}
