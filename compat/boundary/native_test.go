// SPDX-License-Identifier: Apache-2.0

package boundary_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vexj/bpf"
	"vexj/compat/boundary"
	"vexj/fuse"
	"vexj/internal/recorder"
	"vexj/uapi"
	"vexj/userjournal"
)

// env makes a copy of the test binary serve a mount: source, target, journal.
const env = "VEXJ_BOUNDARY_MOUNT"

func TestMain(m *testing.M) {
	if what := os.Getenv(env); what != "" {
		if err := serve(strings.Split(what, ",")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serve records a mount until its input ends.
func serve(f []string) error {
	p, err := fuse.New(fuse.Options{})
	if err != nil {
		return err
	}
	rec, err := recorder.Start(p, f[2], nil)
	if err != nil {
		return err
	}
	m, err := p.Mount(f[0], f[1], fuse.MountOptions{})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return errors.Join(m.Unmount(), rec.Stop(), p.Close())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What is done in a mount is told once by the mount and once by the kernel, which sees
// its server at work; what is done past the mount is told by the kernel alone, and is a
// conflict where both change the same.
func TestNative(t *testing.T) {
	base := t.TempDir()
	source, target := filepath.Join(base, "source"), filepath.Join(base, "mount")
	kernel, user := filepath.Join(base, "kernel"), filepath.Join(base, "user")
	must(t, os.Mkdir(source, 0o755))
	must(t, os.Mkdir(target, 0o755))
	p, err := bpf.Load(context.Background(), bpf.Options{Set: "syscall", Filter: uapi.Filter{PathPrefixes: []string{source}}})
	must(t, err)
	defer p.Close()
	rec, err := recorder.Start(p, kernel, nil)
	must(t, err)
	server := exec.Command("/proc/self/exe")
	server.Env = append(os.Environ(), env+"="+strings.Join([]string{source, target, user}, ","))
	in, err := server.StdinPipe()
	must(t, err)
	out, err := server.StdoutPipe()
	must(t, err)
	must(t, server.Start())
	stuck := time.AfterFunc(2*time.Minute, func() { _ = server.Process.Kill(); _, _ = fuse.Unmount(target) })
	defer stuck.Stop()
	if line := bufio.NewScanner(out); !line.Scan() || line.Text() != "ready" {
		t.Fatalf("the mount says %q", line.Text())
	}
	// By another process: this one is the kernel's recorder.
	work := exec.Command("/bin/sh", "-c", `
		cd "$1" && for i in 1 2 3 4 5; do mkdir d$i; echo text > d$i/f; chmod 600 d$i/f; mv d$i/f d$i/g; ln -s g d$i/l; done
		rm d1/g d1/l; rmdir d1; chmod 644 d2/g; chmod 640 "$2/d2/g"`, "sh", target, source)
	if out, err := work.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, in.Close())
	must(t, server.Wait())
	must(t, rec.Stop())

	var conflicts []boundary.Conflict
	var merged list
	r, err := boundary.Run(boundary.Options{Conflict: func(c boundary.Conflict) { conflicts = append(conflicts, c) }}, &merged,
		scan(t, kernel), scan(t, user))
	must(t, err)
	t.Logf("%d records of the kernel, %d of the mount, %d duplicates, alone %d and %d, %v with drift %d", r.Records[boundary.Kernel],
		r.Records[boundary.User], r.Duplicates, r.Alone[boundary.Kernel], r.Alone[boundary.User], r.State(), r.Drift())
	// 5 of each: mkdir, create, write, chmod, rename, symlink; and 4 single ones.
	if r.Duplicates < 30 {
		t.Errorf("%d acts were matched, want at least 30", r.Duplicates)
	}
	// With both of the mount's changes of that mode.
	if len(conflicts) == 0 || r.Alone[boundary.Kernel] != 1 || r.Alone[boundary.User] != 0 {
		t.Errorf("%d conflicts", len(conflicts))
	}
	for _, c := range conflicts {
		if c.Aspect != "mode" || c.Stands != c.Kernel || c.Kernel != conflicts[0].Kernel {
			t.Errorf("%+v", c)
		}
	}
	links := 0
	for _, rec := range merged {
		for i := range rec.LinkCount() {
			if l := rec.Link(i); l.Type == boundary.LinkSameAct {
				links++
				if uapi.Producer(l.Effect>>56) != uapi.ProducerBPFSyscall || rec.Producer() != uapi.ProducerFUSE {
					t.Errorf("%v of %v is linked to %#x", rec.Type(), rec.Producer(), l.Effect)
				}
			}
		}
	}
	if uint64(links) != r.Duplicates {
		t.Errorf("%d links for %d duplicates", links, r.Duplicates)
	}
}

type list []uapi.Record

func (l *list) Append(rec uapi.Record) error {
	*l = append(*l, append(uapi.Record(nil), rec...))
	return nil
}

func scan(t *testing.T, dir string) iter.Seq2[uapi.Record, error] {
	set, err := userjournal.OpenSet(dir)
	must(t, err)
	t.Cleanup(func() { set.Close() })
	return func(yield func(uapi.Record, error) bool) {
		err := set.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
			if !yield(rec, nil) {
				return userjournal.ErrStop
			}
			return nil
		})
		if err != nil {
			yield(nil, err)
		}
	}
}
