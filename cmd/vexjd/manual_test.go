// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"testing"

	"vexj/cmd/internal/manual"
)

var update = flag.Bool("update", false, "rewrite what man/vexjd.8 says of the flags")

//go:generate go test -count=1 -run ^TestManual$ . -update

// TestManual holds the man page against the flags.
func TestManual(t *testing.T) {
	for _, name := range []string{"VEXJ_JOURNAL", "VEXJ_POLICY", "VEXJ_RUN_DIR"} {
		t.Setenv(name, "")
	}
	err := manual.Keep("../../man/vexjd.8", *update, map[string]string{"flags": manual.Flags(newCommand())})
	if err != nil {
		t.Error(err)
	}
}
