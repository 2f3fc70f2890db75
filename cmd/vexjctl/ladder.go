// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"vexj/bpf"
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

// ladder is the ways of capturing, the one that sees most first.
func ladder(ctx context.Context) []finding {
	all := []finding{kmodRung()}
	for _, f := range bpf.Probe(ctx) {
		all = append(all, finding{f.Name, grade(f.Status), f.Why, f.Sees, f.Do})
	}
	return append(all, fuseRung(), finding{
		Name: "library", Verdict: "PASS",
		Sees: "what a program journals itself, with package vexj/userjournal",
	})
}

// grade turns the answer of a probe into a word that everybody knows.
func grade(s bpf.Status) string {
	switch s {
	case bpf.Yes:
		return "PASS"
	case bpf.No:
		return "FAIL"
	}
	return "WARN"
}

func kmodRung() finding {
	f := finding{
		Name: "kmod", Verdict: "WARN", Why: "this build has no kernel module",
		Sees: "all file operations with their outcome, whoever asks: system calls, io_uring, nfsd, overlayfs",
		Do:   "nothing: the bpf programs take its place",
	}
	if _, err := os.Stat("/proc/modules"); errors.Is(err, os.ErrNotExist) {
		f.Why += ", and this kernel loads none"
	}
	return f
}

func fuseRung() finding {
	f := finding{
		Name: "fuse", Verdict: "WARN", Why: "this build has no FUSE filesystem",
		Sees: "what passes through its mount",
		Do:   "nothing: the bpf programs take its place",
	}
	dev, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		f.Why += fmt.Sprintf(", and %v", err)
		return f
	}
	dev.Close()
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
	r, err := userjournal.Open(dir)
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
