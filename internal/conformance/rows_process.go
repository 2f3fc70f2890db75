// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// install writes a program to the file prog, in Setup.
func (p program) install(e *Env) { e.File("prog", string(p.image()), 0o755) }

// launch starts prog and returns its process id.
func (e *Env) launch(args ...string) int {
	pid, err := syscall.ForkExec(e.P("prog"), append([]string{"prog"}, args...), &syscall.ProcAttr{Files: []uintptr{0, 2, 2}})
	e.Must(err)
	return pid
}

func (e *Env) reap(pid int) unix.WaitStatus {
	var status unix.WaitStatus
	for {
		if _, err := unix.Wait4(pid, &status, 0, nil); err != unix.EINTR {
			e.Must(err)
			return status
		}
	}
}

// ofProcesses declares the records about processes, not those about threads.
func ofProcesses(_ *Env, r uapi.Record) bool {
	c, _ := r.Child()
	return r.Type().Category() == uapi.CategoryProcess && c.Thread == 0
}

// life is what a process leaves that does nothing but live.
func life(e *Env, pid, status int64, argv ...string) []Want {
	return []Want{
		Rec(uapi.ProcFork, "").AnyPath().set("result", "*").Child(pid),
		Rec(uapi.ProcExec, "prog").set("result", "*").Argv(argv...).By(pid),
		Rec(uapi.ProcExit, "").AnyPath().Outcome(status).By(pid),
	}
}

const stormSize = 40

func processRows() []Scenario {
	kinds := []string{"fork", "execve", "exit"}
	run := func(e *Env, args ...string) {
		pid := e.launch(args...)
		e.Note("child", int64(pid))
		e.Note("status", int64(e.reap(pid)))
	}
	return []Scenario{{
		Name: "fork, exec and exit", Kinds: kinds, Setup: exits.install, Declares: ofProcesses,
		Do:   func(e *Env) { run(e, "first", "second argument", "") },
		Want: func(e *Env) []Want { return life(e, e.Fact("child"), 7<<8, "prog", "first", "second argument", "") },
	}, {
		Name: "death by a signal", Kinds: kinds, Setup: dies.install, Declares: ofProcesses,
		Do:   func(e *Env) { run(e) },
		Want: func(e *Env) []Want { return life(e, e.Fact("child"), int64(unix.SIGKILL), "prog") },
	}, {
		Name: "exec that fails", Kinds: kinds, Declares: ofProcesses,
		Setup: func(e *Env) { e.File("text", "no program\n", 0o644) },
		Do: func(e *Env) {
			_, err := syscall.ForkExec(e.P("text"), []string{"text"}, &syscall.ProcAttr{})
			e.Fails(err, unix.EACCES)
		},
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.ProcFork, "").AnyPath().set("result", "*"),
				Failed(uapi.ProcExec, "text", unix.EACCES).set("pid", "*"),
				// Its end says 253: so the syscall package does.
				Rec(uapi.ProcExit, "").AnyPath().Outcome(253<<8).set("pid", "*"),
			}
		},
	}, {
		Name: "what a descendant does", Kinds: append(kinds, "mkdirat"), Setup: makesDirectory.install,
		Do: func(e *Env) { run(e, e.P("d")) },
		Want: func(e *Env) []Want {
			return []Want{
				Rec(uapi.ProcExec, "prog").set("result", "*").By(e.Fact("child")),
				Rec(uapi.FSMkdir, "d").Mode(directory|0o700).By(e.Fact("child")).set("task.ppid", e.Fact("pid")),
			}
		},
	}, {
		Name: "what another thread does", Kinds: []string{"mkdirat"},
		Do: func(e *Env) {
			done := make(chan error)
			go func() { done <- unix.Mkdirat(unix.AT_FDCWD, e.P("d"), 0o700) }()
			e.Must(<-done)
		},
		Want: func(e *Env) []Want { return []Want{Rec(uapi.FSMkdir, "d").AnyThread()} },
	}, {
		Name: "fork storm", Kinds: append(kinds, "mkdirat"), Setup: makesDirectory.install, Declares: ofProcesses, Unordered: true,
		Do: func(e *Env) {
			var pids []int
			for i := range stormSize {
				pids = append(pids, e.launch(e.P(fmt.Sprint("d", i))))
				e.Note(fmt.Sprint("child", i), int64(pids[i]))
			}
			for _, pid := range pids {
				e.reap(pid)
			}
		},
		Want: func(e *Env) []Want {
			var out []Want
			for i := range stormSize {
				dir, pid := fmt.Sprint("d", i), e.Fact(fmt.Sprint("child", i))
				out = append(out, life(e, pid, 0, "prog", e.P(dir))...)
				out = append(out, Rec(uapi.FSMkdir, dir).By(pid))
			}
			return out
		},
	}}
}
