// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// helperEnv makes this program a process that does what it is told, a line at a
// time, and answers each: it is who is attributed, followed or refused.
const helperEnv = "VEXJ_TEST_HELPER"

// deviceFD is where a helper finds the device open.
const deviceFD = 3

// helper is what the process does.
func helper() {
	in := bufio.NewScanner(os.Stdin)
	var children []*process
	for in.Scan() {
		verb, rest, _ := strings.Cut(in.Text(), " ")
		var err error
		switch verb {
		case "open":
			_, err = unix.Open(rest, unix.O_RDWR, 0)
		case "emit": // NODE [AGENT]: by the inherited descriptor
			node, agent, _ := strings.Cut(rest, " ")
			n, _ := strconv.ParseUint(node, 10, 64)
			_, err = unix.Write(deviceFD, sample(n, agent))
		case "ioctl": // COMMAND SIZE, with zeroes
			var command, size uint64
			if _, err = fmt.Sscan(rest, &command, &size); err == nil {
				err = ioctl(deviceFD, uintptr(command), make([]byte, max(size, 1)))
			}
		case "fork":
			p, e := newProcess(deviceFD, nil)
			children, err = append(children, p), e
			if e == nil {
				fmt.Println("ok", p.pid())
				continue
			}
		case "child": // INDEX LINE
			i, line, _ := strings.Cut(rest, " ")
			n, _ := strconv.Atoi(i)
			fmt.Println(children[n].ask(line))
			continue
		case "file": // PATH: a file is made and removed
			err = os.WriteFile(rest, []byte("x"), 0o600)
			if err == nil {
				err = os.Remove(rest)
			}
		case "churn": // PATH: files come, are renamed and go until the input ends
			mild := make(chan error)
			go churn(rest, mild)
			err = <-mild
		case "fuzz": // SEED NANOSECONDS FILE
			err = fuzz(rest)
		default:
			fmt.Println("unknown", verb)
			continue
		}
		if errno, ok := err.(syscall.Errno); ok {
			fmt.Println(unix.ErrnoName(errno))
		} else if err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("ok")
		}
	}
}

// churn never ends: its process does. It leaves most of a CPU to others, once it has
// said so: a thread alone has that priority, not its process.
func churn(name string, mild chan<- error) {
	runtime.LockOSThread()
	mild <- unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 15)
	for {
		os.WriteFile(name, []byte("x"), 0o600)
		os.Rename(name, name+"2")
		os.Remove(name + "2")
	}
}

type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// newProcess starts a helper that has the device open as fd, and ends when its
// standard input does.
func newProcess(fd int, attr *syscall.SysProcAttr) (*process, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(dup), "vexj")
	defer f.Close()
	p := &process{cmd: exec.Command("/proc/self/exe")}
	p.cmd.Env = append(os.Environ(), helperEnv+"=1")
	p.cmd.ExtraFiles = []*os.File{f}
	p.cmd.Stderr = os.Stderr
	p.cmd.SysProcAttr = attr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

func (p *process) pid() uint32 { return uint32(p.cmd.Process.Pid) }

func (p *process) ask(line string) string {
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return err.Error()
	}
	answer, err := p.out.ReadString('\n')
	if err != nil {
		return "no answer: " + err.Error()
	}
	return strings.TrimSpace(answer)
}

func (p *process) end() error {
	p.in.Close()
	return p.cmd.Wait()
}

// startProcess is newProcess that ends with the test.
func startProcess(t *testing.T, fd int, attr *syscall.SysProcAttr) *process {
	t.Helper()
	p, err := newProcess(fd, attr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end() })
	return p
}

// must asks, and wants "ok".
func (p *process) must(t *testing.T, line string) string {
	t.Helper()
	answer := p.ask(line)
	rest, ok := strings.CutPrefix(answer, "ok")
	if !ok {
		t.Fatalf("%s: %s", line, answer)
	}
	return strings.TrimSpace(rest)
}

// comm is what this program is called, in the kernel.
func comm(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// sample is a record to be emitted, AGENT_DECISION, told from others by its node.
func sample(node uint64, agent string) []byte {
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: uapi.AgentDecision})
	b.AddU64(uapi.AttrGraphNode, node)
	if agent != "" {
		b.AddString(uapi.AttrAgentID, agent)
	}
	return finish(b)
}

// finish is the record with nothing in it that the module stamps.
func finish(b *uapi.Builder) []byte {
	rec, err := b.Finish()
	if err != nil {
		panic(err)
	}
	h := rec.Header()
	h.EventID, h.Ktime, h.Sequence, h.CPU, h.PID, h.GlobalSequence = 0, 0, 0, 0, 0, 0
	h.Put(rec)
	return rec
}
