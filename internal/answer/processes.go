// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vexj/query"
)

// Processes are a tree, told as a list: a parent comes before its children.
type Processes struct {
	Processes []Proc `json:"processes"`
	Total     int    `json:"total"`
	More      bool   `json:"more"`           // earlier ones than were asked for
	Over      bool   `json:"over,omitempty"` // there are more than could be kept
	Damaged   bool   `json:"damaged,omitempty"`
}

// A Proc is a process.
type Proc struct {
	Number  int        `json:"number"`
	Parent  int        `json:"parent,omitempty"` // its number; 0: not known
	PID     uint32     `json:"pid"`
	UID     uint32     `json:"uid"`
	Begun   *time.Time `json:"begun"`
	Last    *time.Time `json:"last"`
	Ended   bool       `json:"ended,omitempty"`
	Code    *int       `json:"exit_code,omitempty"`
	Signal  string     `json:"exit_signal,omitempty"`
	Comm    string     `json:"comm,omitempty"`
	Path    string     `json:"path,omitempty"`
	Argv    []string   `json:"argv,omitempty"`
	Agent   string     `json:"agent,omitempty"`
	Session string     `json:"session,omitempty"`
	Fork    string     `json:"fork_id,omitempty"`
	Exec    string     `json:"exec_id,omitempty"`
	Records uint64     `json:"records"`
	Changes uint64     `json:"changes"`
	Failed  uint64     `json:"failed"`
}

// Processes are those that made records that meet the conditions: of these the last to
// begin, no more than limit, and those that they descend from.
func (t *Teller) Processes(c query.Conditions, limit int) (*Processes, error) {
	o := PageOptions{Limit: limit}
	if err := o.check(); err != nil {
		return nil, err
	}
	list, over, err := t.q.Processes(c)
	if err != nil {
		return nil, err
	}
	out := &Processes{Processes: []Proc{}, Total: len(list), More: len(list) > o.Limit, Over: over, Damaged: t.Damaged()}
	wanted := map[*query.Proc]bool{}
	for _, p := range list[max(0, len(list)-o.Limit):] {
		for ; p != nil && !wanted[p]; p = p.Parent {
			wanted[p] = true
		}
	}
	for _, p := range list {
		if wanted[p] {
			out.Processes = append(out.Processes, proc(p))
		}
	}
	return out, nil
}

func proc(p *query.Proc) Proc {
	o := Proc{Number: p.Number, PID: p.PID, UID: p.UID, Begun: stamp(p.Begun), Last: stamp(p.Last), Ended: p.Ended, Comm: Text(p.Command),
		Path: Text(p.Program), Agent: Text(p.Agent), Session: session(p.Session), Fork: ID(p.Fork), Exec: ID(p.Exec),
		Records: p.Records, Changes: p.Changes, Failed: p.Failed}
	if p.Parent != nil {
		o.Parent = p.Parent.Number
	}
	if argv := strings.TrimSuffix(string(p.Args), "\x00"); argv != "" {
		o.Argv = texts(strings.Split(argv, "\x00"))
	}
	if status := unix.WaitStatus(p.Status); p.Ended && status.Signaled() {
		o.Signal = unix.SignalName(status.Signal())
	} else if p.Ended {
		code := status.ExitStatus()
		o.Code = &code
	}
	return o
}
