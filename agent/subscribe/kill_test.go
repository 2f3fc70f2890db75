// SPDX-License-Identifier: Apache-2.0

package subscribe

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vexj/agent/stream"
	"vexj/uapi"
	"vexj/userjournal"
)

// The roles of the test's program as a process that is killed.
const (
	roleName       = "VEXJ_TEST_ROLE"
	roleRecorder   = "recorder"
	roleSubscriber = "subscriber"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(roleName) {
	case roleRecorder:
		err = recordForEver(os.Args[1])
	case roleSubscriber:
		err = noteForEver(os.Args[1])
	default:
		os.Exit(m.Run())
	}
	fmt.Fprintln(os.Stderr, os.Getenv(roleName), err)
	os.Exit(1)
}

func recordForEver(dir string) error {
	r, err := record(dir, everything)
	for err == nil {
		err = r.append(20)
		time.Sleep(time.Millisecond)
	}
	return err
}

// noteForEver writes a line for each record, and goes on behind the last whole one.
func noteForEver(dir string) error {
	name := filepath.Join(dir, "noted")
	b, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1]
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Truncate(int64(len(b))); err != nil {
		return err
	}
	if _, err := f.Seek(0, 2); err != nil {
		return err
	}
	o := Options{Socket: filepath.Join(dir, "s"), After: stream.Oldest}
	if lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"); len(b) > 0 {
		_, o.After, _ = strings.Cut(lines[len(lines)-1], " ")
	}
	return Run(context.Background(), o, func(e *Event) error {
		switch {
		case e.Gap != nil:
			return fmt.Errorf("%+v", e.Gap)
		case e.Record == nil:
			return nil
		}
		_, err := fmt.Fprintf(f, "%d %s\n", e.Record.EventID(), e.Cursor)
		return err
	})
}

// A victim is started again when it was killed.
type victim struct {
	role string
	cmd  *exec.Cmd
}

func (v *victim) start(t *testing.T, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v.cmd = exec.Command(self, dir)
	v.cmd.Env = append(os.Environ(), roleName+"="+v.role)
	v.cmd.Stderr = os.Stderr
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (v *victim) kill() {
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
}

// kills is how often, in the short form of the test; VEXJ_KILLS says otherwise.
const kills = 6

func TestKilledAtRandom(t *testing.T) {
	n := kills
	if text := os.Getenv("VEXJ_KILLS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := shortDir(t)
	victims := []*victim{{role: roleRecorder}, {role: roleSubscriber}}
	for _, v := range victims {
		v.start(t, dir)
		defer func() { v.kill() }()
	}
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	for range n {
		time.Sleep(time.Duration(30+rnd.IntN(300)) * time.Millisecond)
		which := 1 + rnd.IntN(3)
		for i, v := range victims {
			if which&(1<<i) != 0 {
				v.kill()
			}
		}
		for i, v := range victims {
			if which&(1<<i) != 0 {
				v.start(t, dir)
			}
		}
	}
	// The recorder ends; the subscriber gets all that is in the journal once
	// somebody serves it again.
	victims[0].kill()
	r := begin(t, dir, everything)
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	want := journaled(t, r.set)
	var got []uint64
	for end := time.Now().Add(2 * time.Minute); len(got) < len(want) && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		got = noted(t, dir)
	}
	for i := range min(len(want), len(got)) {
		if got[i] != want[i] {
			t.Fatalf("record %d of %d: the subscriber has event %#x, the journal %#x", i+1, len(want), got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("the journal has %d records, the subscriber got %d", len(want), len(got))
	}
	t.Logf("%d kills, %d records", n, len(want))
}

// journaled is the event ids of all records.
func journaled(t *testing.T, set *userjournal.Set) (ids []uint64) {
	t.Helper()
	err := set.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		ids = append(ids, rec.EventID())
		return nil
	})
	if err != nil || len(ids) == 0 {
		t.Fatalf("%d records, %v", len(ids), err)
	}
	return ids
}

// noted is what the subscriber has written, but for a line that is not whole.
func noted(t *testing.T, dir string) (ids []uint64) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "noted"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(bytes.NewReader(b[:bytes.LastIndexByte(b, '\n')+1]))
	for sc.Scan() {
		digits, _, _ := strings.Cut(sc.Text(), " ")
		id, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}
