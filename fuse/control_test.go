// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A fakeControl answers with what it was asked.
type fakeControl struct {
	at      string // the mount
	mu      sync.Mutex
	intents []string // that have begun and ended
}

func (f *fakeControl) Journal(ctx context.Context, _ Caller, query string) (io.ReadCloser, error) {
	if query == "bad" {
		return nil, fmt.Errorf("%w: the query", fs.ErrInvalid)
	}
	r, w := io.Pipe()
	go func() {
		fmt.Fprintf(w, "first of %q\n", query)
		<-ctx.Done()
		w.Close()
	}()
	return r, nil
}

func (f *fakeControl) Text(_ context.Context, who Caller, name string) ([]byte, error) {
	switch name {
	case "events/17":
		return []byte("an event\n"), nil
	case "events/secret":
		return nil, fs.ErrPermission
	case Stats:
		return fmt.Appendf(nil, "uid %d groups %d\n", who.UID, who.Groups), nil
	case Intent:
		return []byte("none\n"), nil
	}
	return nil, fs.ErrNotExist
}

func (f *fakeControl) Begin(_ context.Context, who Caller, text []byte) (func(), error) {
	if string(text) == "refused" {
		return nil, unix.EDQUOT
	}
	f.note(fmt.Sprintf("begin %s by %d", text, who.PID))
	return func() { f.note("end " + string(text)) }, nil
}

func (f *fakeControl) note(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intents = append(f.intents, s)
}

func (f *fakeControl) Search(_ context.Context, _ Caller, query string) ([]string, error) {
	if query == "nothing" {
		return nil, nil
	}
	at := f.at + "/"
	return []string{at + "deep/" + query, "/x", at + "gone", at + "deep/" + query, at + "deep"}, nil
}

func controlledMount(t *testing.T, o MountOptions) (*fakeControl, *Producer, *Mount) {
	t.Helper()
	f := &fakeControl{}
	o.Control = f
	p, m := mounted(t, Options{}, o)
	f.at = m.Target
	return f, p, m
}

// sh runs a script in a folder and returns what it says.
func sh(t *testing.T, dir, script string) string {
	t.Helper()
	out, err := exec.Command("/bin/bash", "-c", `cd "$0" || exit; `+script, dir).CombinedOutput() // see within
	if err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return string(out)
}

func TestControlReads(t *testing.T) {
	_, p, m := controlledMount(t, MountOptions{})
	if err := os.MkdirAll(filepath.Join(m.Source, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.Source, "deep", "needle"), []byte("found\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := p.CPUCounters()[0].Attempted
	for _, c := range []struct{ script, want string }{
		{"cat .vexj/stats", "uid 0 groups"},
		{"ls .vexj", "events\nintent\njournal\nsearch\nstats\n"},
		{"ls -A", "deep\n"},
		{"stat -c %F .vexj/events .vexj/journal", "directory\nregular empty file\n"},
		{"cat .vexj/events/17", "an event\n"},
		{"stat -c %s .vexj/events/17", "9\n"},
		{"cat .vexj/events/18", "No such file"},
		{"cat .vexj/events/secret", "Permission denied"},
		{"ls .vexj/events", ""},
		{"cat .vexj/intent", "none\n"},
		{"head -n 1 .vexj/journal", "first of \"\"\n"},
		{"head -n 1 '.vexj/journal?type=write&path=*.go'", "first of \"type=write&path=*.go\"\n"},
		{"cat '.vexj/journal?bad'", "Invalid argument"},
		{"cat '.vexj/journal?'", "No such file"},
		{"cat .vexj/other", "No such file"},
		{"ls .vexj/search/needle", "1-needle\n2-deep\n"},
		{"ls .vexj/search/nothing", ""},
		{"cat .vexj/search/needle/1-needle", "found\n"},
		{"readlink .vexj/search/needle/2-deep", "../../../deep\n"},
		{"timeout 0.2 cat .vexj/journal", "first of \"\"\nexit status 124"},
	} {
		if got := sh(t, m.Target, c.script); !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "exit") {
			t.Errorf("%s: %q, not %q", c.script, got, c.want)
		}
	}
	// What was looked at in the folder itself is a record; not what was asked for.
	if got := p.CPUCounters()[0].Attempted - before; got > 40 {
		t.Errorf("%d records", got)
	}
}

func TestControlIsKept(t *testing.T) {
	_, _, m := controlledMount(t, MountOptions{ShowControl: true})
	for _, dir := range []string{m.Source, filepath.Join(m.Source, ControlName)} {
		_ = os.Mkdir(dir, 0o755)
		if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range []string{
		"mkdir .vexj", "rmdir .vexj", "mv .vexj x", "mv -T file .vexj", "ln file .vexj/x", "ln .vexj/stats x", "ln -s x .vexj/x",
		"mkdir .vexj/x", "touch .vexj/x", "rm .vexj/stats", "mv .vexj/stats .vexj/x", "chmod 777 .vexj", "chown 1 .vexj/stats",
		"echo > .vexj/stats", "echo > .vexj/journal", "mknod .vexj/p p", "cp file .vexj/search",
		"echo refused > .vexj/intent", "echo > .vexj/intent", "cat .vexj/file",
	} {
		if got := sh(t, m.Target, script); !strings.Contains(got, "exit status 1") {
			t.Errorf("%s: %q", script, got)
		}
	}
	if got := sh(t, m.Target, "ls -a; ls -a1U | sort"); strings.Count(got, ControlName) != 2 || strings.Count(got, "file") != 2 {
		t.Errorf("listed: %q", got)
	}
	if got := sh(t, m.Source, "ls .vexj; find . | sort"); got != "file\n.\n./.vexj\n./.vexj/file\n./file\n" {
		t.Errorf("the source: %q", got)
	}
}

func TestControlIntent(t *testing.T) {
	f, _, m := controlledMount(t, MountOptions{})
	got := sh(t, m.Target, "exec 3> .vexj/intent; echo one >&3; echo $$; echo two | cat >&3; ( : ); exec 3>&-; echo three > .vexj/intent")
	var pid int
	if _, err := fmt.Sscan(got, &pid); err != nil {
		t.Fatal(err, got)
	}
	want := []string{
		fmt.Sprintf("begin one by %d", pid), "end one", fmt.Sprintf("begin two by %d", pid), "end two",
		fmt.Sprintf("begin three by %d", pid), "end three",
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		f.mu.Lock()
		intents := slices.Clone(f.intents)
		f.mu.Unlock()
		if slices.Equal(intents, want) {
			return
		}
		if time.Now().After(end) { // a file is released a moment after its close
			t.Fatalf("%q, not %q", intents, want)
		}
	}
}

// Who waits for records does not hold up the end of the mount, whoever brings it about.
func TestControlEnds(t *testing.T) {
	for _, c := range []struct {
		name    string
		unmount func(m *Mount) error
	}{
		{"by its server", (*Mount).Unmount},
		{"by others", func(m *Mount) error { _, err := Unmount(m.Target); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, m := controlledMount(t, MountOptions{})
			file, err := os.Open(filepath.Join(m.Target, ControlName, Journal))
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 100)
			if n, err := file.Read(buf); err != nil || n == 0 {
				t.Fatal(n, err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := file.Read(buf)
				ended <- errors.Join(err, file.Close())
			}()
			if err := c.unmount(m); err != nil {
				t.Error(err)
			}
			if err := <-ended; err != io.EOF && !errors.Is(err, io.EOF) {
				t.Errorf("the reader got %v", err)
			}
			<-m.Done()
		})
	}
}
