// SPDX-License-Identifier: Apache-2.0

package scramble

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What is done.
const (
	// Names makes, moves and removes names.
	Names = "names"
	// All changes modes, owners, sizes, times and attributes besides, works on
	// files that have no name, and needs root for some of it.
	All = "all"
)

// env makes a copy of the binary do its part of a workload: directory, what, seed and
// number of operations.
const env = "VEXJ_SCRAMBLE"

// Hook must be called first in TestMain: in the copies of the binary that do the work
// it does not return.
func Hook() {
	work := os.Getenv(env)
	if work == "" {
		return
	}
	f := strings.Split(work, ",")
	seed, _ := strconv.ParseUint(f[2], 10, 64)
	n, _ := strconv.Atoi(f[3])
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		os.Exit(1) // nobody let it go
	}
	w := &worker{root: f[0], r: rand.New(rand.NewPCG(seed, 1)), all: f[1] == All}
	w.run(n)
	os.Exit(0)
}

// A Pack is processes that wait, work and end.
type Pack struct {
	cmds []*exec.Cmd
	in   []*os.File
}

// Command is a process that does so many operations in the directory once it can read
// a line.
func Command(what string, seed uint64, operations int, dir string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%s,%d,%d", env, dir, what, seed, operations))
	return cmd
}

// Gather starts a process for each of the directories, which may be the same, and
// each does so many operations once they are released.
func Gather(what string, seed uint64, operations int, dirs ...string) (*Pack, error) {
	p := &Pack{}
	for i, dir := range dirs {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, p.End())
		}
		cmd := Command(what, seed+uint64(i), operations, dir)
		cmd.Stdin, cmd.Stderr = r, os.Stderr
		err = errors.Join(cmd.Start(), r.Close())
		p.cmds, p.in = append(p.cmds, cmd), append(p.in, w)
		if err != nil {
			return nil, errors.Join(err, p.End())
		}
	}
	return p, nil
}

// PIDs are the processes.
func (p *Pack) PIDs() []uint32 {
	var out []uint32
	for _, cmd := range p.cmds {
		out = append(out, uint32(cmd.Process.Pid))
	}
	return out
}

// Work lets them go and waits until they are done.
func (p *Pack) Work() error {
	var errs []error
	for _, in := range p.in {
		_, err := in.WriteString("go\n")
		errs = append(errs, err)
	}
	for i, cmd := range p.cmds {
		errs = append(errs, cmd.Wait(), p.in[i].Close())
	}
	return errors.Join(errs...)
}

// End ends those that were not released.
func (p *Pack) End() error {
	for i, cmd := range p.cmds {
		if cmd.Process != nil && cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = p.in[i].Close()
	}
	return nil
}

// A worker does operations, many of which fail as somebody else was there before.
type worker struct {
	root string
	r    *rand.Rand
	all  bool
	fds  []int // open, some of files without a name
}

func (w *worker) run(n int) {
	if w.all {
		unix.Umask(0o022)
	}
	for range n {
		if w.all && w.r.IntN(2) == 0 {
			w.attribute()
		} else {
			w.name()
		}
	}
	for _, fd := range w.fds {
		_ = unix.Close(fd)
	}
}

// at is a name of the tree: up to three deep, six at each level.
func (w *worker) at() string {
	path := w.root
	for range 1 + w.r.IntN(3) {
		path = filepath.Join(path, string(rune('a'+w.r.IntN(6))))
	}
	return path
}

func (w *worker) mode(usual uint32) uint32 {
	if !w.all {
		return usual
	}
	return uint32(w.r.IntN(0o1000)) | uint32(w.r.IntN(2))*uint32(w.r.IntN(8))<<9
}

func (w *worker) name() {
	switch w.r.IntN(12) {
	case 0, 1, 2:
		_ = unix.Mkdir(w.at(), w.mode(0o755))
	case 3, 4:
		if fd, err := unix.Open(w.at(), unix.O_CREAT|unix.O_WRONLY|unix.O_NONBLOCK, w.mode(0o644)); err == nil {
			_, _ = unix.Write(fd, []byte("x"))
			w.keep(fd)
		}
	case 5:
		_ = unix.Unlink(w.at())
	case 6:
		_ = unix.Rmdir(w.at())
	case 7, 8:
		_ = unix.Rename(w.at(), w.at())
	case 9:
		_ = unix.Renameat2(unix.AT_FDCWD, w.at(), unix.AT_FDCWD, w.at(), unix.RENAME_EXCHANGE)
	case 10:
		_ = unix.Link(w.at(), w.at())
	case 11:
		_ = unix.Symlink("target", w.at())
	}
}

// keep closes a file, now or later.
func (w *worker) keep(fd int) {
	if w.all && w.r.IntN(3) == 0 {
		w.fds = append(w.fds, fd)
		if len(w.fds) < 8 {
			return
		}
		i := w.r.IntN(len(w.fds))
		fd = w.fds[i]
		w.fds[i] = w.fds[len(w.fds)-1]
		w.fds = w.fds[:len(w.fds)-1]
	}
	_ = unix.Close(fd)
}

// held is an open file, often of one that has another name than when it was opened or
// none, or -1.
func (w *worker) held() int {
	if len(w.fds) == 0 {
		return -1
	}
	return w.fds[w.r.IntN(len(w.fds))]
}

func (w *worker) attribute() {
	r := w.r
	id := func() int { return []int{-1, 0, 1000, 1001}[r.IntN(4)] }
	attr := func() string { return "user." + string(rune('a'+r.IntN(3))) }
	value := make([]byte, r.IntN(40))
	for i := range value {
		value[i] = byte(r.IntN(256))
	}
	switch r.IntN(18) {
	case 0:
		_ = unix.Chmod(w.at(), w.mode(0))
	case 1:
		_ = unix.Fchmod(w.held(), w.mode(0))
	case 2:
		_ = unix.Lchown(w.at(), id(), id())
	case 3:
		_ = unix.Fchown(w.held(), id(), id())
	case 4:
		_ = unix.Truncate(w.at(), int64(r.IntN(10000)))
	case 5:
		_ = unix.Ftruncate(w.held(), int64(r.IntN(10000)))
	case 6, 7:
		_, _ = unix.Pwrite(w.held(), value, int64(r.IntN(10000)))
	case 8:
		_ = unix.Setxattr(w.at(), attr(), value, 0)
	case 9:
		_ = unix.Fsetxattr(w.held(), attr(), value, 0)
	case 10:
		_ = unix.Removexattr(w.at(), attr())
	case 11:
		ts := []unix.Timespec{{Sec: int64(r.IntN(1e9)), Nsec: 5}, {Sec: int64(r.IntN(1e9)), Nsec: 7}}
		_ = unix.UtimesNanoAt(unix.AT_FDCWD, w.at(), ts, unix.AT_SYMLINK_NOFOLLOW)
	case 12:
		_ = unix.Mknod(w.at(), unix.S_IFIFO|w.mode(0), 0)
	case 13:
		_ = unix.Renameat2(unix.AT_FDCWD, w.at(), unix.AT_FDCWD, w.at(), unix.RENAME_WHITEOUT)
	case 14:
		_ = unix.Renameat2(unix.AT_FDCWD, w.at(), unix.AT_FDCWD, w.at(), unix.RENAME_NOREPLACE)
	case 15:
		_ = unix.Fallocate(w.held(), uint32(r.IntN(2)), int64(r.IntN(5000)), int64(1+r.IntN(5000)))
	case 16:
		w.nameless()
	case 17:
		if fd, err := unix.Open(w.at(), unix.O_WRONLY|unix.O_TRUNC|unix.O_NONBLOCK, 0); err == nil {
			w.keep(fd)
		}
	}
}

// nameless makes a file without a name, and mostly gives it one.
func (w *worker) nameless() {
	fd, err := unix.Open(filepath.Dir(w.at()), unix.O_TMPFILE|unix.O_RDWR, w.mode(0))
	if err != nil {
		return
	}
	_, _ = unix.Write(fd, make([]byte, w.r.IntN(100)))
	if w.r.IntN(4) != 0 {
		_ = unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), unix.AT_FDCWD, w.at(), unix.AT_SYMLINK_FOLLOW)
	}
	w.keep(fd)
}
