// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
)

// stackLimit is what the module's functions may take of the kernel's stack in one
// chain, in bytes: scripts/stack.sh holds it to that from the objects.
const stackLimit = 6144

const (
	stackSwitch = "/proc/sys/kernel/stack_tracer_enabled"
	stackFilter = "/sys/kernel/tracing/stack_trace_filter"
	stackTrace  = "/sys/kernel/tracing/stack_trace"
)

// watchStack has the kernel's stack tracer, where it has one, look at each function
// of the module that is come to.
func watchStack() (watching bool, err error) {
	if _, err := os.Stat(stackSwitch); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := os.WriteFile(stackFilter, []byte("*:mod:vexj"), 0); err != nil {
		return false, err
	}
	return true, os.WriteFile(stackSwitch, []byte("1"), 0)
}

// judgeStack is the outcome: what the module's functions had on the deepest stack. Some
// kernels (7.x) do not take the filter and look at all functions, where that may be
// nothing.
func judgeStack() outcome {
	o := outcome{Producer: "kmod", Row: "(the kernel's word on its stack)", Verdict: failed}
	text, err := os.ReadFile(stackTrace)
	if err = errors.Join(err, os.WriteFile(stackSwitch, []byte("0"), 0)); err != nil {
		o.Why = err.Error()
		return o
	}
	all, own, err := parseStack(text)
	switch {
	case err != nil:
		o.Why = err.Error()
	case own > stackLimit:
		o.Why = fmt.Sprintf("%d bytes, more than %d\n%s", own, stackLimit, text)
	default:
		o.Verdict = pass
		fmt.Fprintf(os.Stderr, "the deepest stack: %d bytes, of which the module had %d\n", all, own)
	}
	return o
}

// "  3)     5072     112   vexj_put_path+0x5/0x3a0 [vexj]": the bytes from there down,
// those of the function.
var stackLine = regexp.MustCompile(`(?m)^\s*\d+\)\s+(\d+)\s+(\d+)\s+\S+( \[vexj\])?$`)

func parseStack(text []byte) (all, own int, err error) {
	for _, m := range stackLine.FindAllSubmatch(text, -1) {
		depth, err1 := strconv.Atoi(string(m[1]))
		size, err2 := strconv.Atoi(string(m[2]))
		if err := errors.Join(err1, err2); err != nil {
			return 0, 0, err
		}
		all = max(all, depth)
		if len(m[3]) > 0 {
			own += size
		}
	}
	if all == 0 {
		return 0, 0, fmt.Errorf("the stack tracer has seen nothing:\n%s", text)
	}
	return all, own, nil
}
