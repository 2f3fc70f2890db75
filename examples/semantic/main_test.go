// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Without a recorder the program journals by itself.
func TestAlone(t *testing.T) {
	t.Setenv("VEXJ_SOCKET", "")
	if err := demo(context.Background(), "", 100); err != nil {
		t.Fatal(err)
	}
}

// Under one its records stand among those of the kernel.
func TestRecorded(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, ".", "../../cmd/vexjctl")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	journal := filepath.Join(t.TempDir(), "journal")
	run := exec.Command(filepath.Join(bin, "vexjctl"), "run", "--journal", journal, "--agent", "demo", "--session", "one", "--",
		filepath.Join(bin, "semantic"), "-journal", journal, "-vectors", "100")
	run.Env = append(run.Environ(), "VEXJ_RUN_DIR="+t.TempDir())
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if text := string(out); !strings.Contains(text, "of a recorder") || !strings.Contains(text, ", 0 lost,") {
		t.Errorf("it printed\n%s", text)
	}
}
