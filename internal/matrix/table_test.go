// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	m := matrix{
		kernels:   []string{native, "6.1"},
		producers: []string{"kmod", "bpf-syscall"},
		outcomes: []outcome{
			{Producer: "bpf-syscall", Row: "open", Verdict: pass, kernel: native},
			{Producer: "kmod", Filesystem: "ext4", Row: "open", Verdict: pass, kernel: "6.1"},
			{Producer: "kmod", Filesystem: "xfs", Row: "open", Verdict: failed, Why: "one\ntwo", kernel: "6.1"},
			{Producer: "bpf-syscall", Row: "open", Verdict: skip, kernel: "6.1"},
			{Producer: "bpf-syscall", Row: "rename", Verdict: hole, kernel: "6.1"},
		},
	}
	const want = `       kmod  bpf-syscall
         6.1 native    6.1
open    FAIL   pass   skip
rename                hole
`
	var b strings.Builder
	if err := m.report(&b); err != errFailed {
		t.Errorf("a failure is told as %v", err)
	}
	if got, ok := strings.CutSuffix(b.String(), `
2 rows: 1 pass, 1 hole, 1 skip, 1 FAIL

FAIL: open on 6.1, kmod: xfs
	one
	two
`); !ok || got != want {
		t.Errorf("got\n%s", b.String())
	}
}
