// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
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
	bin := asCommand(t, dir)
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

// asCommand is this test as the command vexjctl, which it is where it is called so: see
// TestMain.
func asCommand(t *testing.T, dir string) string {
	t.Helper()
	bin := filepath.Join(dir, "vexjctl")
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, bin)
	}
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// TestMCPAnswersBeforeItEnds: an input that ends behind the questions takes no answer
// away, not even of one that takes its time.
func TestMCPAnswersBeforeItEnds(t *testing.T) {
	dir := t.TempDir()
	journal := filepath.Join(dir, "j")
	if err := tale.Write(journal, ^uint64(0)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(asCommand(t, dir), "mcp", "--journal", journal)
	cmd.Stderr = os.Stderr
	cmd.Stdin = strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"wait","arguments":{"timeout":1}}}
{"jsonrpc":"2.0","id":"three","method":"tools/call","params":{"name":"log","arguments":{"agent":["ann"]}}}
{"jsonrpc":"2.0","id":4,"method":"tools/none"}
`)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := map[any]string{}
	for line := range strings.Lines(string(out)) {
		var m struct {
			ID            any
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err, line)
		}
		answers[m.ID] = string(m.Result) + string(m.Error)
	}
	for id, want := range map[any]string{1.0: `"vexj"`, 2.0: `\"timed_out\":true`, "three": `\"agent\":\"ann\"`, 4.0: "tools/none"} {
		if !strings.Contains(answers[id], want) {
			t.Errorf("%v: %s", id, answers[id])
		}
	}
	if len(answers) != 4 {
		t.Errorf("%s", out)
	}
}
