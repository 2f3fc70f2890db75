// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vexj/cmd/internal/manual"
)

const manualPage = "../../man/vexjctl.8"

//go:generate go test -count=1 -run ^TestManual$ . -update

// TestManual holds the man page against the verbs, their flags and the fields.
func TestManual(t *testing.T) {
	root := manualRoot(t)
	err := manual.Keep(manualPage, *update, map[string]string{
		"synopsis": manual.Synopsis(root),
		"verbs":    manual.Reference(root, "record", "log", "watch"),
		"fields":   manual.Fields(),
	})
	if err != nil {
		t.Error(err)
	}
}

// manualRoot is the tree of commands on no machine in particular.
func manualRoot(t *testing.T) *cobra.Command {
	for _, name := range []string{"VEXJ_JOURNAL", "VEXJ_POLICY", "VEXJ_RUN_DIR"} {
		t.Setenv(name, "")
	}
	root := newRoot()
	root.InitDefaultCompletionCmd()
	return root
}

// TestManualFlags: no text of the page tells of a flag that is gone.
func TestManualFlags(t *testing.T) {
	there := map[string]bool{"help": true}
	for _, c := range manual.Verbs(manualRoot(t)) {
		c.Flags().VisitAll(func(f *pflag.Flag) { there[f.Name] = true })
	}
	page, err := os.ReadFile(manualPage)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, m := range regexp.MustCompile(`Fl \\&-([a-z][a-z-]*)`).FindAllSubmatch(page, -1) {
		told[string(m[1])] = true
	}
	for name := range told {
		if !there[name] {
			t.Errorf("%s tells of --%s, which no verb has", manualPage, name)
		}
	}
	if len(told) < 100 {
		t.Errorf("found %d flags only", len(told))
	}
}

// TestSentences: what help and man page show of a command and a flag begins and ends
// as the others do.
func TestSentences(t *testing.T) {
	for _, c := range manual.Verbs(manualRoot(t)) {
		if strings.HasSuffix(c.Short, ".") || c.Short == "" {
			t.Errorf("%s: %q is to be a sentence without a stop", c.CommandPath(), c.Short)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if strings.HasSuffix(f.Usage, ".") || f.Usage == "" {
				t.Errorf("%s --%s: %q is to be words without a stop", c.CommandPath(), f.Name, f.Usage)
			}
		})
	}
}
