// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// TestForksOfTheDead: a process whose parent has ended before anybody heard of its fork is
// still of the tree, though those who have ended are forgotten meanwhile.
func TestForksOfTheDead(t *testing.T) {
	k := newKinship(func() { t.Error("forks were missed") })
	k.follow([]uint32{uint32(os.Getpid())})
	defer k.close()
	if k.deaf {
		t.Fatal("the kernel does not tell of forks: run the tests as root in the initial namespaces")
	}
	k.mu.Lock()
	cmd := exec.Command("/bin/sh", "-c", `(sleep 100 >/dev/null 2>&1 & echo $!)`)
	out, err := cmd.Output()
	if err != nil {
		k.mu.Unlock()
		t.Fatal(err)
	}
	shell := uint32(cmd.Process.Pid)
	known := func() bool { _, is := k.of[shell]; return is }
	for buf := make([]byte, 256); !known(); {
		event, err := k.forks.receive(buf)
		if err != nil && err != unix.EINTR {
			k.mu.Unlock()
			t.Fatalf("the shell's fork is not told: %v", err)
		}
		k.hear(event)
	}
	k.sweep()
	if known() {
		t.Error("who has ended is not forgotten")
	}
	k.mu.Unlock()
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = orphan.Kill() }()
	s, err := statOf(uint32(pid))
	if err != nil {
		t.Fatal(err)
	}
	of := &task{tgid: uint32(pid), Task: uapi.Task{PPID: s.ppid, StartTime: s.start}}
	if !k.within(of, k.followed) {
		t.Error("the orphan is not of the tree")
	}
}
