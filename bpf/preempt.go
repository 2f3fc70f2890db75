// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// preemptible says whether a task may be preempted while it is in the kernel,
// and so, depending on the kernel, in a program. When in doubt it is.
func preemptible() bool {
	// The mode in force is in parentheses: "none voluntary (full) lazy".
	if text, err := os.ReadFile("/sys/kernel/debug/sched/preempt"); err == nil {
		return !bytes.Contains(text, []byte("(none)")) && !bytes.Contains(text, []byte("(voluntary)"))
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return true
	}
	return bytes.Contains(name.Version[:], []byte("PREEMPT"))
}

// standsIn begins the names of the programs that are run in another's stead,
// where a task was preempted in that: again.h.
const standsIn = "again_"

// standIns is how many a program has: what preempts may be preempted.
const standIns = 2

func standIn(program string, n int) string {
	return fmt.Sprintf("%s%s.%d", standsIn, strings.TrimPrefix(program, "vexj_"), n)
}

// primary says which program the one called name is run in the stead of.
func primary(name string) (program string, ok bool) {
	name, ok = strings.CutPrefix(name, standsIn)
	name, _, _ = strings.Cut(name, ".")
	return "vexj_" + name, ok
}

// doubleUp gives the programs of tracepoints their stand-ins.
func doubleUp(spec *ebpf.CollectionSpec) {
	again := spec.Programs[standsIn+"enter"]
	for _, name := range []string{"enter", "exit", "fork", "free", "exec", "task_exit", "uring_submit", "uring_complete"} {
		first := spec.Programs["vexj_"+name]
		if first == nil {
			continue
		}
		for n := range standIns {
			c := first.Copy()
			if name == "enter" {
				c = again.Copy()
			}
			c.Name = standsIn + name
			spec.Programs[standIn(first.Name, n)] = c
		}
	}
}

// attachStandIns attaches those of program, which is attached: behind it.
func (p *Producer) attachStandIns(program string) error {
	for n := range standIns {
		prog := p.coll.Programs[standIn(program, n)]
		if prog == nil {
			return nil
		}
		l, err := (&hookSpec{}).attach(prog)
		if err != nil {
			return fmt.Errorf("attaching %s a second time: %w", program, err)
		}
		p.links = append(p.links, l)
	}
	return nil
}
