// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// TestDeclared: what an exec declares of itself is in its record, as it is in /proc.
// drain returns the records of what this process's children executed.
func TestDeclared(t *testing.T, drain func() ([]uapi.Record, error)) {
	long := "TRACEPARENT=" + strings.Repeat("x", 300)
	var many []string
	for i := range 1200 {
		many = append(many, fmt.Sprint("V", i, "=", i))
	}
	for name, env := range map[string][]string{
		"nothing":   {"PATH=/bin"},
		"one":       {"A=1", "AI_AGENT=builder 7", "B=2"},
		"all":       {"TRACEPARENT=00-4bf9", "CLAUDECODE=1", "CODEX_THREAD_ID=", "X=Y", "CLAUDE_CODE_SESSION_ID=3f0d\xff", "AI_AGENT=a=b"},
		"others":    {"AI_AGENT_X=1", "XAI_AGENT=1", "AI_AGEN=1", "AI_AGENT", "CLAUDECO", "CODEX_THREAD_I=", "X=\nAI_AGENT=1"},
		"cut":       {long, "AI_AGENT=x"},
		"too many":  {long, long, long, long, long, long, long, long, long},
		"long ones": {"L=" + strings.Repeat("y", 4093), "AI_AGENT=1", "M=" + strings.Repeat("AI_AGENT=2", 900), "CLAUDECODE=1", "N=" + strings.Repeat("z", 4092), "TRACEPARENT=1"},
		"too far":   append(append([]string{}, many...), "AI_AGENT=me"),
	} {
		// It ends at once, as it is told nothing.
		pid, err := syscall.ForkExec("/proc/self/exe", []string{"declares", "-test.run=^$"}, &syscall.ProcAttr{Env: env})
		if err != nil {
			t.Fatal(err)
		}
		var st unix.WaitStatus
		if _, err := unix.Wait4(pid, &st, 0, nil); err != nil {
			t.Fatal(err)
		}
		want := string(uapi.ScanEnviron([]byte(strings.Join(env, "\x00") + "\x00")))
		recs, err := drain()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range recs {
			if r.Type() != uapi.ProcExec || r.PID() != uint32(pid) {
				continue
			}
			found = true
			if got := string(r.Declared()); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			if _, ok := r.Attr(uapi.AttrAgentID); ok {
				t.Errorf("%s: what was declared is taken for what is so", name)
			}
		}
		if !found {
			t.Errorf("%s: no record", name)
		}
	}
}
