// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestCursor(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 5000, segmented)
	r := open(t, dir)
	for _, i := range []int{0, 1, 2500, 4999} {
		c, err := ParseCursor(r.Cursor(uint64(i)+1, recs[i]).String())
		if err != nil {
			t.Fatal(err)
		}
		if ordinal, err := r.Seek(c); err != nil || ordinal != uint64(i)+1 {
			t.Errorf("record %d: %d, %v", i+1, ordinal, err)
		}
	}
	good := r.Cursor(7, recs[6])
	text := good.String()
	for _, bad := range []string{"", "vexj1.", text[1:], text[:len(text)-1], text + "A", strings.ToLower(text), "vexj2." + text[6:]} {
		if _, err := ParseCursor(bad); !errors.Is(err, ErrCursor) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	other := t.TempDir()
	fill(t, other, 10, Options{})
	for name, c := range map[string]Cursor{
		"of another journal":        open(t, other).Cursor(7, recs[6]),
		"of a record that is none":  {good.journal, 5001, good.id},
		"of a record that was lost": {good.journal, good.ordinal, good.id + 1},
	} {
		if _, err := r.Seek(c); !errors.Is(err, ErrCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConsumers(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 5000, segmented)
	c := open(t, dir).Consumers()
	fails := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, name := range []string{"", ".hidden", "-flag", "a/b", "a b", strings.Repeat("x", 65)} {
		_, err := c.Add(name, 0)
		fails(name, err, ErrConsumer)
	}
	if _, err := c.Add("backup", 0); err != nil {
		t.Fatal(err)
	}
	_, err := c.Add("backup", 5)
	fails("twice", err, ErrConsumer)
	_, err = c.Add("late", 5001)
	fails("from what is not there yet", err, ErrNotFound)
	_, err = c.Acknowledge("nobody", 1)
	fails("unknown", err, ErrConsumer)
	_, err = c.Acknowledge("backup", 5001)
	fails("what is not there yet", err, ErrNotFound)
	for _, step := range []struct{ ordinal, want uint64 }{{10, 10}, {5, 10}, {5000, 5000}} {
		if one, err := c.Acknowledge("backup", step.ordinal); err != nil || one.Acknowledged != step.want {
			t.Errorf("acknowledge %d: %+v, %v", step.ordinal, one, err)
		}
	}
	if one, err := c.Rewind("backup", 100); err != nil || one.Acknowledged != 100 {
		t.Errorf("rewind: %+v, %v", one, err)
	}
	if one, err := c.Get("backup"); err != nil || one.Acknowledged != 100 || one.Created.After(one.Updated) {
		t.Errorf("%+v, %v", one, err)
	}

	// Every byte of its file counts.
	name := filepath.Join(dir, "backup"+consumerSuffix)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := range b {
		b[at] ^= 0x11
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := c.Get("backup")
		fails(fmt.Sprintf("byte %d", at), err, ErrDamaged)
		b[at] ^= 0x11
	}
	if all, err := c.List(); err != nil || len(all) != 1 || all[0].Damaged == nil || all[0].Acknowledged != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := c.Remove("backup"); err != nil {
		t.Error(err)
	}
	fails("removed twice", c.Remove("backup"), ErrConsumer)
}

// Processes acknowledge at the same time, the same consumer and others, and are
// killed at it: what was acknowledged stays so, and no file is half.
func TestConsumersOfProcesses(t *testing.T) {
	if dir := os.Getenv("VEXJ_TEST_ACKNOWLEDGE"); dir != "" {
		acknowledge(dir, os.Getenv("VEXJ_TEST_CONSUMER"))
		return
	}
	dir := t.TempDir()
	fill(t, dir, 2000, segmented)
	c := open(t, dir).Consumers()
	for _, name := range []string{"shared", "own0", "own1", "own2"} {
		if _, err := c.Add(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	said := make([]uint64, 3)
	for i := range said {
		group.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestConsumersOfProcesses$")
			cmd.Env = append(os.Environ(), "VEXJ_TEST_ACKNOWLEDGE="+dir, fmt.Sprintf("VEXJ_TEST_CONSUMER=own%d", i))
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Error(err)
				return
			}
			for range 40 * (i + 1) {
				if _, err := fmt.Fscan(out, &said[i]); err != nil {
					t.Error(err)
					break
				}
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	group.Wait()
	all, err := c.List()
	if err != nil || len(all) != 4 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, one := range all {
		want := max(said[0], said[1], said[2])
		if one.Name != "shared" {
			want = said[one.Name[3]-'0']
		}
		if one.Damaged != nil || one.Acknowledged < want {
			t.Errorf("%s: %d was acknowledged, it has %+v", one.Name, want, one)
		}
	}
}

func acknowledge(dir, own string) {
	r, err := Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := r.Consumers()
	for ordinal := uint64(1); ordinal <= 2000; ordinal++ {
		for _, name := range []string{"shared", own} {
			if _, err := c.Acknowledge(name, ordinal); err != nil {
				fmt.Println(err)
				return
			}
		}
		fmt.Println(ordinal)
	}
}

func FuzzConsumer(f *testing.F) {
	f.Add([]byte(consumerHead))
	one := Consumer{Name: "x", Acknowledged: 7}
	f.Add(one.encode([16]byte{1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		body, _, _ := strings.Cut(string(b), "crc32c ")
		b = fmt.Appendf(nil, "%scrc32c %08x\n", body, checksum(0, []byte(body)))
		var c Consumer
		if _, err := c.decode(b); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}
