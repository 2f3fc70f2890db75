// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"vexj/internal/tale"
)

// TestMCPOverStdio: the SDK's own client starts the command and talks to it.
func TestMCPOverStdio(t *testing.T) {
	dir := t.TempDir()
	journal, policy := filepath.Join(dir, "j"), filepath.Join(dir, "policy")
	if err := tale.Write(journal, ^uint64(0)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, []byte("agent ann scopes=read mask=0x1\nagent deaf scopes=emit mask=0x1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "vexjctl")
	// The test is the command where it is called so: see TestMain.
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, bin)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name     string
		flags    []string
		ann, bob bool
	}{
		{"owner", nil, true, true},
		{"mask", []string{"--visibility", "0x2"}, false, true},
		{"agent", []string{"--agent", "ann"}, true, false},
		{"agent and a wider mask", []string{"--agent", "ann", "--visibility", "0x3"}, true, false},
		{"agent and another mask", []string{"--agent", "ann", "--visibility", "0x2"}, false, false},
		{"folder", []string{"--path", "/w/other"}, true, false},
		{"of an agent", []string{"--of-agent", "bob"}, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := exec.Command(bin, append([]string{"mcp", "--journal", journal, "--policy", policy}, tc.flags...)...)
			cmd.Stderr = os.Stderr
			c, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &sdk.CommandTransport{Command: cmd}, nil)
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "log", Arguments: map[string]any{"category": []string{"filesystem"}}})
			if err != nil || r.IsError {
				t.Fatal(err, r)
			}
			text := r.Content[0].(*sdk.TextContent).Text
			if ann, bob := strings.Contains(text, `"agent":"ann"`), strings.Contains(text, `"agent":"bob"`); ann != tc.ann || bob != tc.bob {
				t.Errorf("ann %v, bob %v: %s", ann, bob, text)
			}
			r, err = c.CallTool(t.Context(), &sdk.CallToolParams{Name: "search", Arguments: map[string]any{"text": "notes.md"}})
			if err != nil || r.IsError {
				t.Fatal(err, r)
			}
			found := strings.Contains(r.Content[0].(*sdk.TextContent).Text, "/w/notes.md")
			if found != tc.bob {
				t.Errorf("search: %s", r.Content[0].(*sdk.TextContent).Text)
			}
			if err := c.Close(); err != nil {
				t.Errorf("it did not end well: %v", err)
			}
		})
	}
	for _, flags := range [][]string{{"--agent", "deaf"}, {"--visibility", "none"}, {"--visibility", "0"}, {"--policy", dir + "/missing"}} {
		if err := exec.Command(bin, append([]string{"mcp", "--journal", journal, "--policy", policy}, flags...)...).Run(); err == nil {
			t.Errorf("%v is taken", flags)
		}
	}
}
