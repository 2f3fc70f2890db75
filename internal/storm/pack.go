// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Processes is how many work at a time.
const Processes = 4

// The copy of the binary that works is told so by its environment.
const (
	roleEnv  = "VEXJ_STORM_ROLE"
	dirEnv   = "VEXJ_STORM_DIR"
	countEnv = "VEXJ_STORM_COUNT"
)

// Hook must be called first in main, or in TestMain, of a binary that calls Run:
// in the copies of it that do the work it does not return.
func Hook() {
	if os.Getenv(roleEnv) != "worker" {
		return
	}
	n, err := strconv.Atoi(os.Getenv(countEnv))
	if err == nil {
		err = work(os.Getenv(dirEnv), n)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A pack is processes that wait for a word, work, and end.
type pack struct {
	cmds []*exec.Cmd
	in   []*os.File
}

// gather starts the workers; each has its own folder below dir.
func gather(dir string, each int) (*pack, error) {
	p := &pack{}
	for i := range Processes {
		if err := p.add(filepath.Join(dir, "w"+strconv.Itoa(i)), each); err != nil {
			p.kill()
			return nil, err
		}
	}
	return p, nil
}

func (p *pack) add(own string, each int) error {
	if err := os.Mkdir(own, 0o700); err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleEnv+"=worker", dirEnv+"="+own, countEnv+"="+strconv.Itoa(each))
	cmd.Stdin, cmd.Stderr = r, os.Stderr
	if err := cmd.Start(); err != nil {
		w.Close()
		return err
	}
	p.cmds = append(p.cmds, cmd)
	p.in = append(p.in, w)
	return nil
}

// kill ends those that have not ended.
func (p *pack) kill() {
	for i, cmd := range p.cmds {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = p.in[i].Close()
	}
}

func (p *pack) pids() []uint32 {
	var out []uint32
	for _, c := range p.cmds {
		out = append(out, uint32(c.Process.Pid))
	}
	return out
}

// release lets them go.
func (p *pack) release() error {
	for _, w := range p.in {
		if _, err := w.WriteString("go\n"); err != nil {
			return err
		}
	}
	return nil
}

func (p *pack) wait() error {
	var errs []error
	for _, c := range p.cmds {
		errs = append(errs, c.Wait())
	}
	return errors.Join(errs...)
}

// work does n operations by raw system calls in dir: in each round of eight,
// four writes, a rename, a chmod, a truncate and a read.
func work(dir string, n int) error {
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	fd, err := unix.Open(a, unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	buf := make([]byte, 64)
	for i := range n {
		var err error
		switch i & 7 {
		case 0, 2, 4, 6:
			_, err = unix.Pwrite(fd, buf, int64(i&1023))
		case 1:
			if err = unix.Rename(a, b); err == nil {
				a, b = b, a
			}
		case 3:
			err = unix.Fchmod(fd, 0o600|uint32(i>>3&7))
		case 5:
			err = unix.Ftruncate(fd, int64(i&4095))
		case 7:
			_, err = unix.Pread(fd, buf, 0)
		}
		if err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return nil
}
