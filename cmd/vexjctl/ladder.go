// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"vexj/bpf"
	"vexj/cmd/internal/capture"
	"vexj/compat/capability"
	"vexj/fuse"
	"vexj/userjournal"
)

// A finding is what doctor says about one thing.
type finding struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"` // PASS, WARN or FAIL
	Why     string `json:"why,omitempty"`
	Sees    string `json:"sees,omitempty"`
	Do      string `json:"do,omitempty"`
}

// ladder is the ways of capturing, the one that sees most first, and what else
// of this machine recorders depend on.
func ladder(ctx context.Context) []finding {
	questions := capability.Kernel()
	for _, set := range bpf.Sets() {
		questions = append(questions, setProbe(set))
	}
	machine := capability.New(questions...)
	all := []finding{kmodRung(machine.Ask(ctx, "module"))}
	for _, set := range bpf.Sets() {
		all = append(all, rung(machine.Ask(ctx, setName(set)), "FAIL"))
	}
	all = append(all, fuseRung(machine.Ask(ctx, "fuse")), finding{
		Name: "library", Verdict: "PASS",
		Sees: "what a program journals itself, with package vexj/userjournal",
	})
	for _, feature := range []string{"btf", "bpf ring buffer", "raw tracepoints", "fentry", "fusermount3", "fuse passthrough", "io_uring"} {
		// None of these is needed as such: the ways above say what follows.
		all = append(all, rung(machine.Ask(ctx, feature), "WARN"))
	}
	return all
}

func setName(set string) string { return "bpf, " + set + " programs" }

// setProbe asks whether this kernel takes a program set by loading it.
func setProbe(set string) capability.Probe {
	return capability.Probe{Feature: setName(set), Ask: func(ctx context.Context) capability.Finding {
		coverage, err := bpf.Try(ctx, set)
		f := capability.Judge(setName(set), err, bpf.ErrUnsupported)
		switch f.Status {
		case capability.Yes:
			f.Sees = "every operation of the type table but: " + strings.Join(coverage, "; ")
		case capability.No:
			f.Do = bpf.Remedy(set)
		}
		if f.Do != "" && f.Status == capability.Unknown {
			f.Do += " (CAP_BPF and CAP_PERFMON)"
		}
		return f
	}}
}

// rung turns an answer into words that everybody knows; no is what a no is
// called.
func rung(f capability.Finding, no string) finding {
	verdict := "WARN"
	switch f.Status {
	case capability.Yes:
		verdict = "PASS"
	case capability.No:
		verdict = no
	}
	return finding{f.Feature, verdict, f.Why, f.Sees, f.Do}
}

// kmodRung is the module's rung. What is loaded is asked for its hooks: one that
// is missing is something that nobody sees.
func kmodRung(machine capability.Finding) finding {
	f := rung(machine, "WARN")
	f.Name = "kmod"
	if f.Verdict != "PASS" {
		return f
	}
	module, err := capture.ModuleSnapshot()
	if err != nil {
		f.Verdict, f.Why, f.Do = "WARN", err.Error(), "see above"
		return f
	}
	if len(module.Uncovered) > 0 {
		f.Sees += ", but: " + strings.Join(module.Uncovered, "; ")
	}
	for _, h := range module.Hooks {
		if !h.Placed {
			f.Verdict = "WARN"
			f.Do = "see `vexjctl kernel hooks`; a kernel with what they say they lack sees more"
		}
	}
	switch {
	case module.Program != "":
		f.Why = fmt.Sprintf("%s, process %d, is recording with it", module.Program, module.PID)
	case f.Verdict == "WARN":
		f.Why = "it is loaded, and some of its hooks could not be placed"
	}
	return f
}

func fuseRung(machine capability.Finding) finding {
	f := rung(machine, "FAIL")
	f.Name = "fuse"
	if f.Verdict == "PASS" {
		f.Sees = "what is done in the folder that it shows, but: " + strings.Join(fuse.Coverage(), "; ")
	}
	return f
}

// journalFinding says whether the default journal can be recorded into.
func journalFinding(dir string) finding {
	f := finding{Name: "journal " + dir, Verdict: "PASS"}
	pid, err := userjournal.WriterPID(dir)
	if err == nil && pid != 0 {
		f.Why = fmt.Sprintf("process %d is recording into it", pid)
		return f
	}
	r, err := userjournal.OpenSet(dir)
	switch {
	case err == nil:
		err = r.Close()
	case errors.Is(err, userjournal.ErrEmpty):
		err = nil
	}
	if _, gone := os.Lstat(dir); errors.Is(gone, os.ErrNotExist) {
		f.Why = "not there yet; the first recorder makes it"
		return f
	}
	if err != nil {
		f.Verdict, f.Why = "WARN", err.Error()
		f.Do = "choose another folder with --journal or VEXJ_JOURNAL"
	}
	return f
}
