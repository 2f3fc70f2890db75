// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"vexj/bpf"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/status"
	"vexj/fuse"
	"vexj/kmod/device"
	"vexj/uapi"
	"vexj/userjournal"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

// legacyFiles is found before the scripts change the directory.
var legacyFiles, _ = filepath.Abs("../../compat/testdata/golden")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vexjctl": main, helperName: main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("VEXJ_RUN_DIR", filepath.Join(e.WorkDir, "run"))
			e.Setenv("VEXJ_JOURNAL", "j")
			e.Setenv("AGENTS", agentScripts)
			// How many short processes each agent's fork storm has.
			e.Setenv("PROCESSES", cmp.Or(os.Getenv("VEXJ_PROCESSES"), "60"))
			// The script's user may not be the test's.
			return os.Chmod(e.WorkDir, 0o755)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "module":
				_, err := os.Stat(device.Path)
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"journal":  cmdJournal,
			"shards":   cmdShards,
			"more":     cmdMore,
			"exits":    cmdExits,
			"nobody":   cmdNobody,
			"await":    cmdAwait,
			"writing":  cmdWriting,
			"recorder": cmdRecorder,
			"tmpfs":    cmdTmpfs,
			"cut":      cmdCut,
			"flip":     cmdFlip,
			"flipfile": cmdFlipFile,
			"legacy":   cmdLegacy,
			"damage":   cmdDamage,

			"attributed": cmdAttributed,
			"blamed":     cmdBlamed,
			"xattr":      cmdXattr,
		},
	})
}

// journal NAME DIR makes one of the journals.
func cmdJournal(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(scribble(args[0], ts.MkAbs(args[1])))
}

// xattr FILE HEX sets the vector of a file, xattr FILE - removes it, and xattr FILE is
// HEX looks at it.
func cmdXattr(ts *testscript.TestScript, neg bool, args []string) {
	path, value := ts.MkAbs(args[0]), args[len(args)-1]
	raw, err := hex.DecodeString(strings.TrimPrefix(value, "-"))
	ts.Check(err)
	buf := make([]byte, len(raw)+1)
	switch {
	case len(args) == 3:
		var n int
		if n, err = unix.Getxattr(path, fuse.VectorName, buf); err == nil && !bytes.Equal(buf[:n], raw) {
			ts.Fatalf("%s has %x", args[0], buf[:n])
		}
	case value == "-":
		err = unix.Removexattr(path, fuse.VectorName)
	default:
		err = unix.Setxattr(path, fuse.VectorName, raw, 0)
	}
	if (err != nil) != neg {
		ts.Fatalf("%s: %v", args[0], err)
	}
}

// shards DIR N makes a journal of 3,000 records in so many shards.
func cmdShards(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var dirs []string
	for i := range n {
		dirs = append(dirs, filepath.Join(ts.MkAbs(args[0]), strconv.Itoa(i)))
	}
	ts.Check(scribble("spread", ts.MkAbs(args[0]), dirs...))
}

// more DIR records 1,000 more into such a journal.
func cmdMore(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(scribble("more", ts.MkAbs(args[0])))
}

// exits CODE COMMAND... runs the command and expects the exit code.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exited *exec.ExitError
	got := 0
	if errors.As(err, &exited) {
		got = exited.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// nobody CODE COMMAND... is exits as a user without rights.
func cmdNobody(ts *testscript.TestScript, neg bool, args []string) {
	if os.Geteuid() == 0 {
		args = append([]string{args[0], "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, args[1:]...)
	}
	cmdExits(ts, neg, args)
}

// await COMMAND... runs the command until it succeeds.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := ts.Exec(args[0], args[1:]...)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%v: %v", args, err)
		}
	}
}

// writing DIR holds a journal open for writing until the script ends.
func cmdWriting(ts *testscript.TestScript, _ bool, args []string) {
	w, err := userjournal.CreateSet(ts.MkAbs(args[0]), nil, userjournal.Options{})
	ts.Check(err)
	ts.Defer(func() { ts.Check(w.Close()) })
	ts.Setenv("PID", strconv.Itoa(os.Getpid()))
}

// tmpfs DIR BYTES puts a small disk there until the script ends.
func cmdTmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("none", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { ts.Check(syscall.Unmount(dir, 0)) })
}

// recorder answers `kernel` until the script ends.
func cmdRecorder(ts *testscript.TestScript, _ bool, _ []string) {
	p, err := status.Publish(ts.Getenv("VEXJ_RUN_DIR"), &fakeRecorder{filter: uapi.Filter{ModifyOnly: true}})
	ts.Check(err)
	ts.Defer(func() { ts.Check(p.Close()) })
	ts.Setenv("PID", strconv.Itoa(os.Getpid()))
}

// fakeRecorder is one whose counters stand still.
type fakeRecorder struct{ filter uapi.Filter }

func (r *fakeRecorder) Snapshot() status.Snapshot {
	counts := status.Counters{
		Attempted: 100, Recorded: 90, Filtered: 1000, Lost: 10, LostBy: map[string]uint64{"full": 7, "nested": 3},
	}
	return status.Snapshot{
		PID: os.Getpid(), Program: "vexjd", Producer: "bpf-syscall", Started: time.Unix(1_700_000_000, 0),
		Journal: status.Journal{Dir: "/var/lib/vexj/journal", Records: 92, Bytes: 20000, StoredBytes: 5000, Durability: "interval"},
		Kernel:  counts,
		CPUs:    []status.CPU{{CPU: 0, Counters: counts}, {CPU: 1}},
		Rings:   []status.Ring{{Size: 4 << 20, Pending: 0}, {Size: 4 << 20, Pending: 300}},
		Filter:  r.filter,
		Hooks: []uapi.Hook{
			{Name: "sys_enter", Operation: "all", Placed: true},
			{Name: "io_uring_complete", Operation: "write", Why: "no such tracepoint"},
			{Name: "vfs_read", Operation: "read", Placed: true, Missed: 3},
		},
		Uncovered: []string{"writers inside the kernel"},
	}
}

func (r *fakeRecorder) Peek(most int) ([]uapi.Record, error) {
	var all []uapi.Record
	for i := range min(most, 3) {
		var b uapi.Builder
		b.Begin(uapi.Header{Type: uapi.FSMkdir, Ktime: uint64(i), PID: 4711, GlobalSequence: uint64(i + 1)})
		b.AddString(uapi.AttrPath, "/srv/"+strconv.Itoa(i))
		b.AddString(uapi.AttrAgentID, "builder 7")
		b.AddU64(uapi.AttrSession, 42)
		rec, err := b.Finish()
		if err != nil {
			return nil, err
		}
		all = append(all, rec)
	}
	return all, nil
}

func (r *fakeRecorder) SetFilter(f uapi.Filter) error {
	if len(f.UIDs) > 0 {
		return exit.With(exit.Usage, bpf.ErrFilter)
	}
	r.filter = f
	return nil
}

// segment is the first one of a journal.
func segment(ts *testscript.TestScript, dir string) string {
	names, err := filepath.Glob(filepath.Join(ts.MkAbs(dir), "*.usjl"))
	ts.Check(err)
	if len(names) == 0 {
		ts.Fatalf("%s has no segment", dir)
	}
	return names[0]
}

// cut DIR BYTES takes bytes from the end of a journal's segment.
func cmdCut(ts *testscript.TestScript, _ bool, args []string) {
	name := segment(ts, args[0])
	info, err := os.Stat(name)
	ts.Check(err)
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(name, info.Size()-n))
}

// legacy NAME FILE copies one of the legacy files that are frozen.
func cmdLegacy(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(filepath.Join(legacyFiles, args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
}

// flip DIR OFFSET changes a byte of a journal's segment.
func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	flip(ts, segment(ts, args[0]), args)
}

// flipfile FILE OFFSET changes a byte of a file.
func cmdFlipFile(ts *testscript.TestScript, neg bool, args []string) {
	flip(ts, ts.MkAbs(args[0]), args)
}

func flip(ts *testscript.TestScript, name string, args []string) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	at, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	ts.Check(err)
	b[0] ^= 0xff
	_, err = f.WriteAt(b, at)
	ts.Check(err)
}

// damage DIR changes a byte of the third block of a journal's segment.
func cmdDamage(ts *testscript.TestScript, _ bool, args []string) {
	name := segment(ts, args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	at := 0
	for range 3 {
		next := bytes.Index(b[at+1:], []byte("\x8fUSJblk\n"))
		if next < 0 {
			ts.Fatalf("%s has no three blocks", name)
		}
		at += 1 + next
	}
	b[at+1000] ^= 1
	ts.Check(os.WriteFile(name, b, 0o600))
}

func TestExitCodeOfSignal(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "kill -KILL $$")
	_ = cmd.Run()
	if got := exitCode(cmd.ProcessState); got != 128+int(syscall.SIGKILL) {
		t.Errorf("got %d", got)
	}
}
