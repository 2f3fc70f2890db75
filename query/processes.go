// SPDX-License-Identifier: Apache-2.0

package query

import (
	"slices"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// maxProcesses bounds what is kept of processes.
const maxProcesses = 100_000

// A Proc is a process that did something, or that one of those descends from.
type Proc struct {
	Number  int // from 1, in the order in which they are known
	Parent  *Proc
	PID     uint32
	UID     uint32
	Begun   time.Time // its fork, or what is known of it first
	Last    time.Time // what is known of it last
	Ended   bool
	Status  int64 // of wait(2), if it has ended
	Command string
	Program string // of its last exec
	Args    []byte // likewise
	Agent   string
	Session uint64
	Fork    uint64 // event ids; 0: before what was asked for
	Exec    uint64
	Records uint64
	Changes uint64
	Failed  uint64

	start uint64 // ns of CLOCK_BOOTTIME; 0: not known yet
}

// Processes are those that made records that meet the conditions, and those that these
// descend from as far as such records tell, in the order in which they began. over: there
// are more than are kept. The conditions should be of who and when: what is left out of
// forks is not known of processes.
func (q *Inquiry) Processes(c Conditions) (list []*Proc, over bool, err error) {
	t := &procs{q: q, live: map[uint32]*Proc{}}
	err = q.scan(c, userjournal.ScanOptions{}, t.see)
	return t.all, t.over, err
}

type procs struct {
	q    *Inquiry
	live map[uint32]*Proc
	all  []*Proc
	over bool
}

func (t *procs) see(ordinal uint64, r uapi.Record) error {
	task, ok := r.Task()
	if !ok || r.PID() == 0 {
		return nil
	}
	at := t.q.src.WallTime(ordinal, r.Ktime())
	p := t.of(r, &task, at)
	if p == nil {
		return nil
	}
	p.note(r, &task, at)
	switch r.Type() {
	case uapi.ProcFork:
		if child, ok := r.Child(); ok && child.Thread == 0 && child.PID != 0 && !r.Flags().Has(uapi.FlagFailed) {
			if made := t.add(child.PID, p, at); made != nil {
				made.Fork, made.Command, made.UID = r.EventID(), p.Command, p.UID
				made.start = r.Ktime()
			}
		}
	case uapi.ProcExec:
		if !r.Flags().Has(uapi.FlagFailed) {
			p.Exec, p.Program, p.Args = r.EventID(), string(r.Path()), slices.Clone(r.Argv())
		}
	case uapi.ProcExit:
		if task.TID == r.PID() {
			if o, ok := r.IO(); ok {
				p.Status = o.Result
			}
			p.Ended = true
			delete(t.live, p.PID)
		}
	}
	return nil
}

// of is the process that made the record.
func (t *procs) of(r uapi.Record, task *uapi.Task, at time.Time) *Proc {
	p := t.live[r.PID()]
	if p != nil && p.start != 0 && task.StartTime != 0 && apart(p.start, task.StartTime) > forkSlack {
		p = nil // another one with its number, whose end is not known
	}
	if p == nil {
		var parent *Proc
		if task.PPID != 0 && task.PPID != r.PID() {
			if parent = t.live[task.PPID]; parent == nil {
				parent = t.add(task.PPID, nil, at)
			}
		}
		p = t.add(r.PID(), parent, at)
	}
	if p != nil && task.StartTime != 0 {
		p.start = task.StartTime
	}
	return p
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }

func (t *procs) add(pid uint32, parent *Proc, at time.Time) *Proc {
	if len(t.all) >= maxProcesses {
		t.over = true
		return nil
	}
	p := &Proc{Number: len(t.all) + 1, Parent: parent, PID: pid, Begun: at, Last: at}
	t.all = append(t.all, p)
	t.live[pid] = p
	return p
}

func (p *Proc) note(r uapi.Record, task *uapi.Task, at time.Time) {
	p.Records++
	p.Last, p.UID = at, task.UID
	if comm := task.Command(); string(comm) != p.Command {
		p.Command = string(comm)
	}
	switch {
	case r.Flags().Has(uapi.FlagFailed):
		p.Failed++
	case modifies.has(r.Type()):
		p.Changes++
	}
	if id, ok := r.Attr(uapi.AttrAgentID); ok && string(id) != p.Agent {
		p.Agent = string(id)
	}
	if n, ok := r.U64(uapi.AttrSession); ok {
		p.Session = n
	}
}
