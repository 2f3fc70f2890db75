// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// processes is how many work at a time.
const processes = 4

// A pack is processes that wait for a word, work, and end.
type pack struct {
	cmds []*exec.Cmd
	in   []*os.File
}

// gather starts the workers; each has its own folder below dir.
func gather(t *testing.T, dir string, each int) *pack {
	t.Helper()
	p := &pack{}
	for i := range processes {
		own := filepath.Join(dir, "w"+strconv.Itoa(i))
		if err := os.Mkdir(own, 0o700); err != nil {
			t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), roleEnv+"=worker", dirEnv+"="+own, countEnv+"="+strconv.Itoa(each))
		cmd.Stdin, cmd.Stderr = r, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		p.cmds = append(p.cmds, cmd)
		p.in = append(p.in, w)
	}
	t.Cleanup(func() {
		for i, cmd := range p.cmds {
			if cmd.ProcessState == nil {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
			_ = p.in[i].Close()
		}
	})
	return p
}

func (p *pack) pids() []uint32 {
	var out []uint32
	for _, c := range p.cmds {
		out = append(out, uint32(c.Process.Pid))
	}
	return out
}

// release lets them go.
func (p *pack) release(t *testing.T) {
	t.Helper()
	for _, w := range p.in {
		if _, err := w.WriteString("go\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *pack) wait(t *testing.T) {
	t.Helper()
	for _, c := range p.cmds {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
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
