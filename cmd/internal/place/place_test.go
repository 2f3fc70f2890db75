// SPDX-License-Identifier: Apache-2.0

package place

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEnvironmentWins(t *testing.T) {
	t.Setenv("VEXJ_JOURNAL", "j")
	t.Setenv("VEXJ_RUN_DIR", "r")
	if Journal() != "j" || Run() != "r" {
		t.Errorf("got %s, %s", Journal(), Run())
	}
}

func TestDefaults(t *testing.T) {
	for _, name := range []string{"VEXJ_JOURNAL", "VEXJ_RUN_DIR", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", "/home/u")
	for _, c := range []struct {
		uid                int
		state, runtime     string
		journal, runFolder string
	}{
		{0, "/s", "/x", "/var/lib/vexj/journal", "/run/vexj"},
		{1000, "", "", "/home/u/.local/state/vexj/journal", filepath.Join(os.TempDir(), "vexj-1000")},
		{1000, "/s", "/x", "/s/vexj/journal", "/x/vexj"},
		{1000, "s", "x", "/home/u/.local/state/vexj/journal", filepath.Join(os.TempDir(), "vexj-1000")},
	} {
		t.Setenv("XDG_STATE_HOME", c.state)
		t.Setenv("XDG_RUNTIME_DIR", c.runtime)
		if got := journal(c.uid); got != c.journal {
			t.Errorf("user %d, XDG_STATE_HOME=%q: got %s, want %s", c.uid, c.state, got, c.journal)
		}
		if got := run(c.uid); got != c.runFolder {
			t.Errorf("user %d, XDG_RUNTIME_DIR=%q: got %s, want %s", c.uid, c.runtime, got, c.runFolder)
		}
	}
}
