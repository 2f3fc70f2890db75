// SPDX-License-Identifier: Apache-2.0

package held

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

func TestReleaseRunsTheCommand(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	c, err := Start("/bin/sh", []string{"sh", "-c", `echo $$ "$1" > "$0"; exit 7`, out, "two words"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("it ran before it was released")
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	state, err := c.Wait()
	if err != nil || state.ExitCode() != 7 {
		t.Errorf("got %v, %v", state, err)
	}
	got, err := os.ReadFile(out)
	if want := strconv.Itoa(c.PID()) + " two words\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestAbandonRunsNothing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	c, err := Start("/bin/sh", []string{"sh", "-c", `> "$0"`, out})
	if err != nil {
		t.Fatal(err)
	}
	c.Abandon()
	if _, err := os.Stat(out); err == nil {
		t.Error("it ran")
	}
}

func TestNoDescriptorLeaks(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	own := map[string]bool{}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		name, _ := os.Readlink("/proc/self/fd/" + fd.Name())
		own[name] = true
	}
	c, err := Start("/bin/sh", []string{"sh", "-c", `for f in /proc/$$/fd/*; do readlink $f; done > "$0"`, out})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(out)
	for _, name := range strings.Fields(string(got)) {
		if strings.HasPrefix(name, "pipe:") && !own[name] {
			t.Errorf("the command has %s open", name)
		}
	}
}

func TestCannotBeRun(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{text: ExitNotRunnable, text + "x": ExitNotFound} {
		c, err := Start(path, []string{"text"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Release(); err != nil {
			t.Fatal(err)
		}
		if state, err := c.Wait(); err != nil || state.ExitCode() != want {
			t.Errorf("%s: got %v, %v, want exit code %d", path, state, err, want)
		}
	}
}

func TestSignalEndsTheCommand(t *testing.T) {
	c, err := Start("/bin/sh", []string{"sh", "-c", "kill -TERM $$"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	state, err := c.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if ws := state.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != syscall.SIGTERM {
		t.Errorf("got %v", state)
	}
}
