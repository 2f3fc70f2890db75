// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a child may take for one part of a row, on the slowest
// emulated machine.
const patience = 10 * time.Minute

// process is the parent's side of a child.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stderr  strings.Builder
	reports *bufio.Reader
	pipe    *os.File
}

func spawn(scenario, base string) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	p := &process{cmd: exec.Command(exe), pipe: r, reports: bufio.NewReader(r)}
	p.cmd.Env = append(os.Environ(), envScenario+"="+scenario, envBase+"="+base,
		// A preempting signal would repeat a call, and its record.
		"GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=2")
	p.cmd.ExtraFiles = []*os.File{w}
	p.cmd.Stderr = &p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		r.Close()
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		r.Close()
		return nil, fmt.Errorf("starting a copy of %s: %w", exe, err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) order(command string) error {
	_, err := io.WriteString(p.stdin, command+"\n")
	return err
}

// await takes the child's next report and its facts.
func (p *process) await(e *Env) error {
	if err := p.pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	line, err := p.reports.ReadBytes('\n')
	if err != nil {
		p.end()
		return fmt.Errorf("%w: the child ended without a report (%w): %s", ErrOperation, err, p.stderr.String())
	}
	var r report
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("the child's report: %w", err)
	}
	maps.Copy(e.facts, r.Facts)
	switch {
	case r.Unmet != "":
		return unmetError{r.Unmet}
	case r.Error != "":
		return fmt.Errorf("%w: %s", ErrOperation, r.Error)
	}
	return nil
}

// end lets the child clean up, and kills it if it does not. It may be called
// again.
func (p *process) end() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.order("end")
	p.stdin.Close()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	timer.Stop()
	p.pipe.Close()
}
