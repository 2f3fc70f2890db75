// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"errors"
	"strings"
	"testing"
)

func TestScanEnviron(t *testing.T) {
	long := "TRACEPARENT=" + strings.Repeat("x", 300)
	for _, test := range []struct{ name, env, want string }{
		{"nothing", "", ""},
		{"nobody's", "PATH=/bin\x00HOME=/\x00", ""},
		{"one", "A=1\x00AI_AGENT=me\x00", "AI_AGENT=me"},
		{"order and values of any bytes", "TRACEPARENT=00-\xff\x00X=\x00CLAUDECODE=1\x00CODEX_THREAD_ID=\x00CLAUDE_CODE_SESSION_ID=a=b",
			"TRACEPARENT=00-\xff\x00CLAUDECODE=1\x00CODEX_THREAD_ID=\x00CLAUDE_CODE_SESSION_ID=a=b"},
		{"a whole name", "AI_AGENT_X=1\x00XAI_AGENT=1\x00AI_AGEN=1\x00AI_AGENT\x00", ""},
		{"inside a value", "X=\nAI_AGENT=me\x00", ""},
		{"cut", long, long[:DeclaredOne]},
		{"too many", strings.Repeat(long+"\x00", 9), strings.Repeat(long[:DeclaredOne]+"\x00", 6) + long[:DeclaredOne]},
		{"beyond what is looked at", strings.Repeat("A=1\x00", DeclaredScan) + "AI_AGENT=me\x00", ""},
	} {
		if got := string(ScanEnviron([]byte(test.env))); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestContextCheck(t *testing.T) {
	for name, c := range map[string]Context{
		"nobody's":          {Agent: "a"},
		"both's":            {PID: 1, Cgroup: 1},
		"name too long":     {PID: 1, Agent: strings.Repeat("a", MaxAgentID+1)},
		"NUL in the name":   {PID: 1, Agent: "a\x00"},
		"root and no cause": {PID: 1, Root: 1},
	} {
		if err := c.Check(); !errors.Is(err, ErrContext) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := Context{Cgroup: 1, Parent: 5}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if c.Settle(); c.Root != 5 || c.Visibility != ^uint64(0) {
		t.Errorf("settled as %+v", c)
	}
}
