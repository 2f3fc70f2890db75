// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/internal/recorder"
	"vexj/internal/scramble"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

var kills = flag.Int("kills", 5, "`number` of rounds of TestKilled")

// envServe makes a copy of the test binary serve a mount until it is killed: source,
// target and journal. It says after each sync how many records are safe.
const envServe = "VEXJ_FUSE_TEST_SERVE"

func init() {
	if what := os.Getenv(envServe); what != "" {
		if err := serveUntilKilled(strings.Split(what, ",")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

func serveUntilKilled(f []string) error {
	p, err := New(Options{})
	if err != nil {
		return err
	}
	r, err := recorder.Start(p, f[2], nil)
	if err != nil {
		return err
	}
	if _, err := p.Mount(f[0], f[1], MountOptions{}); err != nil {
		return err
	}
	for {
		n := r.Journal.Stats().Records
		if err := r.Journal.Sync(); err != nil {
			return err
		}
		fmt.Println(n)
		time.Sleep(10 * time.Millisecond)
	}
}

// A server that is killed leaves a mount that can be unmounted, and mounted again;
// its journal has all that it had synced, goes on, and says that the run before had
// no end.
func TestKilled(t *testing.T) {
	base := t.TempDir()
	source, target, journal := filepath.Join(base, "source"), filepath.Join(base, "mount"), filepath.Join(base, "journal")
	must(t, os.Mkdir(source, 0o755))
	must(t, os.Mkdir(target, 0o755))
	t.Cleanup(func() { _, _ = Unmount(target) })
	for round := range *kills {
		before := count(t, journal)
		safe := serveAndKill(t, source, target, journal, round)
		after := count(t, journal)
		if after.records-before.records < safe {
			t.Errorf("round %d: %d records of %d that were safe", round, after.records-before.records, safe)
		}
		if after.unclean != round {
			t.Errorf("round %d: the journal tells of %d runs without an end", round, after.unclean)
		}
		all, err := Mounted()
		must(t, err)
		if n := len(slices.DeleteFunc(all, func(at string) bool { return at != target })); n != 1 {
			t.Errorf("round %d: %d mounts are there, one over the other", round, n)
		}
		// What is dead says so, and does not hang.
		if _, err := os.ReadDir(target); !errors.Is(err, unix.ENOTCONN) {
			t.Errorf("round %d: a dead mount says %v", round, err)
		}
		if round%2 == 0 {
			_, err := Unmount(target)
			must(t, err)
		} // else the next one mounts over it
	}
}

// serveAndKill has a server at work, kills it, and returns how many records it had
// said to be safe.
func serveAndKill(t *testing.T, source, target, journal string, round int) uint64 {
	t.Helper()
	server := exec.Command("/proc/self/exe")
	server.Env = append(os.Environ(), envServe+"="+strings.Join([]string{source, target, journal}, ","))
	out, err := server.StdoutPipe()
	must(t, err)
	must(t, server.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the server did not begin")
	}
	var safe uint64
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines.Scan() {
			if _, err := fmt.Sscan(lines.Text(), &safe); err != nil {
				t.Errorf("the server says %q", lines.Text())
			}
		}
	}()
	worker := scramble.Command(scramble.Names, uint64(round), 1<<30, target)
	worker.Stdin = strings.NewReader("go\n")
	must(t, worker.Start())
	time.Sleep(100*time.Millisecond + rand.N(300*time.Millisecond))
	must(t, server.Process.Kill())
	_ = server.Wait()
	<-read
	must(t, worker.Process.Kill())
	_ = worker.Wait()
	return safe
}

type tally struct {
	records uint64
	unclean int
}

func count(t *testing.T, journal string) (n tally) {
	t.Helper()
	if _, err := os.Stat(journal); errors.Is(err, os.ErrNotExist) {
		return n
	}
	r, err := userjournal.Open(journal)
	if errors.Is(err, userjournal.ErrEmpty) {
		return n
	}
	must(t, err)
	defer r.Close()
	must(t, r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		n.records++
		if l, ok := rec.Lost(); ok && l.Cause == uapi.LostUnclean {
			n.unclean++
		}
		return nil
	}))
	return n
}

// A journal that is slower than the operations holds them up, or loses records and
// says so.
func TestFullRing(t *testing.T) {
	for _, c := range []struct {
		name string
		full Full
	}{{"block", Block}, {"drop", Drop}} {
		t.Run(c.name, func(t *testing.T) {
			p, m := mounted(t, Options{Full: c.full, RingBytes: minRing}, MountOptions{})
			done := make(chan error, 1)
			go func() {
				// More than the ring takes, while nobody reads it.
				for i := range 2 * minRing / 300 {
					if err := unix.Mkdir(filepath.Join(m.Target, fmt.Sprint(i)), 0o755); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			dir := filepath.Join(t.TempDir(), "journal")
			if c.full == Drop {
				must(t, <-done)
				if p.Counters().Lost[uapi.LostFull] == 0 {
					t.Error("nothing was lost")
				}
			} else {
				for p.Waits().Count == 0 {
					select {
					case err := <-done:
						t.Fatalf("nothing waited: %v", err)
					case <-time.After(time.Millisecond):
					}
				}
			}
			r, err := recorder.Start(p, dir, nil)
			must(t, err)
			if c.full == Block {
				must(t, <-done)
			}
			must(t, m.Unmount())
			must(t, r.Stop())
			lost := p.Counters().Lost[uapi.LostFull]
			if w := p.Waits(); (c.full == Block) != (w.Count > 0) || (c.full == Block) != (w.Time > 0) {
				t.Errorf("operations were held: %+v", w)
			}
			if c.full == Block && lost != 0 {
				t.Errorf("%d records were lost", lost)
			}
			j, err := userjournal.Open(dir)
			must(t, err)
			defer j.Close()
			a, err := query.Audit(j)
			must(t, err)
			if a.Lost() != lost || a.Missing() != 0 || !a.Sound() {
				for _, e := range a.Epochs {
					t.Logf("%+v", e)
				}
				t.Errorf("by the journal %d were lost and %d are missing, by the producer %d were lost", a.Lost(), a.Missing(), lost)
			}
		})
	}
}

// What the source cannot do, the mount cannot: it says the same, and goes on.
func TestSourceFails(t *testing.T) {
	base := t.TempDir()
	disk, source, target := filepath.Join(base, "disk"), filepath.Join(base, "disk", "source"), filepath.Join(base, "mount")
	must(t, os.Mkdir(disk, 0o755))
	must(t, os.Mkdir(target, 0o755))
	must(t, unix.Mount("small", disk, "tmpfs", 0, "size=256k"))
	t.Cleanup(func() { must(t, unix.Unmount(disk, unix.MNT_DETACH)) })
	must(t, os.Mkdir(source, 0o755))
	p, err := New(Options{})
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	_, err = p.Mount(source, target, MountOptions{})
	must(t, err)
	file := filepath.Join(target, "file")
	if err := os.WriteFile(file, make([]byte, 1<<20), 0o644); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a full disk: %v", err)
	}
	must(t, os.Truncate(file, 0))
	write(t, file, "room again")
	// What was closed is released a little later.
	soon(t, func() error { return unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, "") })
	if err := os.WriteFile(file, []byte("x"), 0o644); !errors.Is(err, unix.EROFS) {
		t.Errorf("a read-only disk: %v", err)
	}
	reads(t, file, "room again")
	must(t, unix.Mount("", disk, "", unix.MS_REMOUNT, ""))
	must(t, os.RemoveAll(source))
	soon(t, func() error {
		if entries, err := os.ReadDir(target); err != nil || len(entries) != 0 {
			return fmt.Errorf("a source that was removed has %v, %v", entries, err)
		}
		return nil
	})
	if err := os.WriteFile(filepath.Join(target, "new"), nil, 0o644); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file in a source that was removed: %v", err)
	}
}

// Many files can be open at a time: each takes a descriptor of the server, and here
// one of the same process besides.
func TestManyOpenFiles(t *testing.T) {
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	many := int(min(100_000, limit.Cur*2/5))
	_, m := mounted(t, Options{Full: Drop}, MountOptions{})
	fds := make([]int, 0, many)
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	for i := range many {
		fd, err := unix.Open(filepath.Join(m.Target, fmt.Sprint(i)), unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o644)
		must(t, err)
		fds = append(fds, fd)
	}
	for i, fd := range fds {
		if _, err := unix.Pwrite(fd, []byte(fmt.Sprint(i)), 0); err != nil {
			t.Fatal(err)
		}
	}
	reads(t, filepath.Join(m.Source, "123"), "123")
}

// Clients cannot take the last descriptors, which the journal needs; before they are
// refused one, those of directories that are open for speed are given up.
func TestDescriptorsRunOut(t *testing.T) {
	_, m := mounted(t, Options{}, MountOptions{})
	in := func(i int) string { return filepath.Join(m.Target, fmt.Sprint("d", i)) }
	for i := range 40 {
		must(t, os.Mkdir(in(i), 0o755))
		must(t, os.WriteFile(filepath.Join(in(i), "file"), nil, 0o644))
	}
	table := m.fs.table
	open := func() int {
		table.mu.Lock()
		defer table.mu.Unlock()
		return len(table.dirs)
	}
	if open() < 40 {
		t.Fatalf("%d directories are open", open())
	}
	// Of two files that are opened one is the server's.
	table.most = next(t) + 30
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	var err error
	name := func() string { return filepath.Join(in(0), fmt.Sprint(len(fds))) }
	for len(fds) < 100 {
		var fd int
		if fd, err = unix.Open(name(), unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o644); err != nil {
			break
		}
		fds = append(fds, fd)
	}
	if err != unix.EMFILE || len(fds) < 15 {
		t.Errorf("after %d files: %v", len(fds), err)
	}
	if n := open(); n > 5 {
		t.Errorf("%d directories are still open", n)
	}
	if _, err := os.Lstat(filepath.Join(m.Source, "d0", filepath.Base(name()))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that could not be opened is there: %v", err)
	}
	for _, fd := range fds {
		unix.Close(fd)
	}
	fds = nil
	soon(t, func() error { return os.WriteFile(filepath.Join(in(39), "file"), []byte("again"), 0o644) })
}

// next is the number of the next descriptor.
func next(t *testing.T) int {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	must(t, err)
	unix.Close(fd)
	return fd
}
