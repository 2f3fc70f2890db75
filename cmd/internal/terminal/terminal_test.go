// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// pty opens both ends of a terminal.
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

func file(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestColor(t *testing.T) {
	_, tty := pty(t)
	for _, c := range []struct {
		when, noColor, term string
		f                   *os.File
		want                bool
	}{
		{"auto", "", "xterm", tty, true},
		{"auto", "1", "xterm", tty, false},
		{"auto", "", "dumb", tty, false},
		{"auto", "", "xterm", file(t), false},
		{"always", "1", "dumb", file(t), true},
		{"never", "", "xterm", tty, false},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("TERM", c.term)
		if got, err := Color(c.when, c.f); err != nil || got != c.want {
			t.Errorf("%+v: got %v, %v", c, got, err)
		}
	}
	if _, err := Color("maybe", tty); err == nil {
		t.Error("maybe is taken")
	}
}

func TestWidth(t *testing.T) {
	master, tty := pty(t)
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 10, Col: 43}); err != nil {
		t.Fatal(err)
	}
	if got := Width(tty); got != 43 {
		t.Errorf("got %d", got)
	}
	if got := Width(file(t)); got != 80 {
		t.Errorf("no terminal: got %d", got)
	}
}

func TestPage(t *testing.T) {
	_, tty := pty(t)
	seen := filepath.Join(t.TempDir(), "seen")
	for _, c := range []struct {
		pager string
		f     *os.File
		paged bool
	}{
		{"tr a-z A-Z > " + seen, tty, true},
		{"tr a-z A-Z > " + seen, file(t), false},
		{"cat", tty, false},
		{"", tty, false},
	} {
		t.Setenv("PAGER", c.pager)
		_ = os.Remove(seen)
		w, wait := Page(c.f)
		if _, err := w.Write([]byte("hello\n")); err != nil {
			t.Fatal(err)
		}
		wait()
		got, _ := os.ReadFile(seen)
		if (string(got) == "HELLO\n") != c.paged {
			t.Errorf("PAGER=%q: it got %q", c.pager, got)
		}
	}
}
