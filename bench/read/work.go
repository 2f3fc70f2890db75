// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"

	"vexj/uapi"
)

// A work is the records of a machine: sessions of agents, one after the other on
// a few CPUs, each of which goes over some files of a tree.
type work struct {
	random   *rand.Rand
	build    *uapi.Builder
	number   uint64
	ktime    uint64
	sequence [cpus]uint64
	sessions [cpus]session
	started  uint64
}

const (
	cpus         = 4
	files        = 1_000_000
	filesOfDir   = 50
	recordsOfRun = 400
	idBase       = uint64(uapi.ProducerTest)<<56 + 1<<40
)

type session struct {
	number uint64
	task   uapi.Task
	intent uint64 // its event id; 0: it is the next record
	left   int
	file   int
	ops    int
	offset int64
}

func newWork() *work {
	return &work{random: rand.New(rand.NewPCG(7, 7)), build: uapi.NewBuilder(nil), ktime: 1e12}
}

func pathOf(file int) string {
	dir := file / filesOfDir
	return fmt.Sprintf("/srv/work/project-%d/%s/module_%d/%s_%d.go", dir%97, layers[dir%len(layers)], dir, names[file%len(names)], file)
}

var (
	layers = []string{"internal/storage", "cmd/server", "pkg/api/v1", "docs", "test/integration"}
	names  = []string{"handler", "index", "writer", "options", "decode", "record", "main"}
)

func agentOf(session uint64) string { return fmt.Sprintf("agent-%d", session%1000) }

// next returns a record, which is overwritten by the one after it.
func (w *work) next() uapi.Record {
	cpu := w.random.IntN(cpus)
	s := &w.sessions[cpu]
	if s.left == 0 {
		w.begin(s)
	}
	w.number++
	w.sequence[cpu]++
	w.ktime += 200 + w.random.Uint64N(4000)
	h := uapi.Header{EventID: idBase + w.number, Ktime: w.ktime, Sequence: w.sequence[cpu], CPU: uint32(cpu), PID: s.task.TID,
		GlobalSequence: w.number, Priority: uapi.PriorityNormal, VisibilityMask: ^uint64(0)}
	if s.intent == 0 {
		s.intent = h.EventID
		return w.declare(h, s)
	}
	t, io := s.step(w.random)
	h.Type, h.Parent, h.RootCause = t, s.intent, s.intent
	w.build.Begin(h)
	w.build.AddTask(s.task)
	w.build.AddFile(uapi.File{DevMajor: 8, DevMinor: 1, Inode: inodeOf(s.file), Generation: 1, Mode: 0o100644, Size: uint64(s.offset), Nlink: 1})
	w.build.AddIO(io)
	w.build.AddString(uapi.AttrPath, pathOf(s.file))
	w.build.AddU64(uapi.AttrSession, s.number)
	w.build.AddString(uapi.AttrAgentID, agentOf(s.number))
	return w.finish()
}

// declare makes the intent of a session, which the rest of it comes of.
func (w *work) declare(h uapi.Header, s *session) uapi.Record {
	h.Type, h.RootCause = uapi.SemIntent, h.EventID
	w.build.Begin(h)
	w.build.AddTask(s.task)
	w.build.AddString(uapi.AttrAgentID, agentOf(s.number))
	w.build.AddU64(uapi.AttrSession, s.number)
	w.build.AddString(uapi.AttrAgentIntent, "rework a module")
	w.build.Metadata([]byte(`{"session":"run","touch":["project-*/**"],"cwd":"/srv/work"}`))
	return w.finish()
}

func (w *work) finish() uapi.Record {
	rec, err := w.build.Finish()
	if err != nil {
		panic(err)
	}
	return rec
}

func inodeOf(file int) uint64 { return 1<<20 + uint64(file) }

func (w *work) begin(s *session) {
	w.started++
	pid := 1000 + uint32(w.started%30000)
	*s = session{number: w.started, left: recordsOfRun, task: uapi.Task{TID: pid, PPID: 900, UID: 1000, GID: 1000,
		StartTime: w.ktime, CgroupID: 4711, MntNS: 4026531841, PidNS: 4026531836}}
	copy(s.task.Comm[:], "worker")
}

func (s *session) step(random *rand.Rand) (uapi.Type, uapi.IO) {
	io := uapi.IO{Offset: uapi.NoOffset, Duration: 400 + random.Uint64N(3000)}
	s.left--
	if s.ops == 0 {
		s.file, s.ops, s.offset = random.IntN(files), 2+random.IntN(8), 0
		io.Result = 3
		return uapi.FSOpen, io
	}
	if s.ops--; s.ops == 0 {
		return uapi.FSClose, io
	}
	n := 1 + random.Int64N(4096)
	io.Offset, io.Length, io.Result = s.offset, 4096, n
	s.offset += n
	return uapi.FSWrite, io
}
