// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"vexj/internal/render"
	"vexj/uapi"
)

// names are the attributes that OpenTelemetry's semantic conventions define.
var names = []string{
	"log.record.uid", "error.type",
	"process.pid", "process.parent_pid", "process.user.id", "process.command_args", "process.executable.path", "process.exit.code",
	"thread.id", "thread.name",
	"file.path", "file.inode", "file.mode", "file.size", "file.symbolic_link.target_path", "file.owner.id", "file.group.id",
	"gen_ai.agent.id", "session.id",
}

// shown are the attributes of a record that become some of a log record.
func shown(tag uapi.Tag) bool {
	switch tag {
	case uapi.AttrTask, uapi.AttrFile, uapi.AttrIO, uapi.AttrLost, uapi.AttrPath, uapi.AttrPath2, uapi.AttrName, uapi.AttrArgv,
		uapi.AttrOwner, uapi.AttrAgentID, uapi.AttrSession, uapi.AttrAgentIntent, uapi.AttrAgentConfidence:
		return true
	}
	return false
}

func (b *builder) fill(to *logspb.LogRecord, e render.Entry) {
	r, a := e.Rec, &b.attributes
	a.to = to
	to.Attributes = to.Attributes[:0]
	to.TimeUnixNano, to.ObservedTimeUnixNano = uint64(e.Wall), uint64(e.Wall)
	to.SeverityNumber, to.SeverityText = severity(r)
	t := r.Type()
	to.EventName = b.eventName(t)

	a.buf = strconv.AppendUint(append(append(a.buf[:0], b.journal...), '/'), e.Ordinal, 10)
	a.string("log.record.uid", string(a.buf))
	a.id("vexj.id", r.EventID())
	a.string("vexj.type", t.String())
	a.string("vexj.producer", r.Producer().String())
	if v := r.Subtype().Via(); v != uapi.ViaCall {
		a.string("vexj.via", v.String())
	}
	if r.Subtype().Kind() != 0 {
		a.string("vexj.kind", r.Subtype().KindName(t))
	}
	a.word("vexj.flags", r.Flags().String())
	a.uint("vexj.ktime", r.Ktime())
	a.int("vexj.cpu", int64(r.CPU()))
	a.uint("vexj.sequence", r.Sequence())
	a.uint("vexj.global_sequence", r.GlobalSequence())
	a.id("vexj.parent", r.Parent())
	if root := r.RootCause(); root != r.EventID() {
		a.id("vexj.root_cause", root)
	}
	if m := r.VisibilityMask(); m != ^uint64(0) {
		a.string("vexj.visibility", fmt.Sprintf("0x%x", m))
	}
	if pid := r.PID(); pid != 0 {
		a.int("process.pid", int64(pid))
	}
	for tag, v := range render.Shown(r, shown) {
		b.attr(r, tag, v)
	}
	if b.rest = render.Rest(b.rest[:0], r, shown); len(b.rest) > 0 {
		a.string("vexj.rest", string(b.rest))
	}
}

func (b *builder) attr(r uapi.Record, tag uapi.Tag, v []byte) {
	a := &b.attributes
	switch tag {
	case uapi.AttrTask:
		t, _ := r.Task()
		a.int("thread.id", int64(t.TID))
		a.text("thread.name", t.Command())
		a.int("process.parent_pid", int64(t.PPID))
		a.decimal("process.user.id", uint64(t.UID))
		a.int("vexj.gid", int64(t.GID))
		a.uint("vexj.start_time", t.StartTime)
		a.decimal("vexj.cgroup", t.CgroupID)
		a.int("vexj.mnt_ns", int64(t.MntNS))
		a.int("vexj.pid_ns", int64(t.PidNS))
	case uapi.AttrFile:
		f, _ := r.File()
		a.decimal("file.inode", f.Inode)
		a.string("file.mode", fmt.Sprintf("%04o", f.Mode&^unix.S_IFMT))
		a.uint("file.size", f.Size)
		a.string("vexj.dev", strconv.FormatUint(uint64(f.DevMajor), 10)+":"+strconv.FormatUint(uint64(f.DevMinor), 10))
		a.word("vexj.file_kind", render.KindOf(f.Mode))
		a.int("vexj.generation", int64(f.Generation))
		a.int("vexj.nlink", int64(f.Nlink))
	case uapi.AttrIO:
		b.io(r)
	case uapi.AttrOwner:
		o, _ := r.Owner()
		if o.UID != ^uint32(0) {
			a.decimal("file.owner.id", uint64(o.UID))
		}
		if o.GID != ^uint32(0) {
			a.decimal("file.group.id", uint64(o.GID))
		}
	case uapi.AttrLost:
		l, _ := r.Lost()
		a.uint("vexj.lost.count", l.Count)
		a.uint("vexj.lost.first", l.First)
		a.uint("vexj.lost.last", l.Last)
		a.string("vexj.lost.cause", l.Cause.String())
	case uapi.AttrPath:
		key := "file.path"
		if r.Type() == uapi.ProcExec {
			key = "process.executable.path"
		}
		a.text(key, v)
	case uapi.AttrPath2:
		key := "vexj.path2"
		if r.Type() == uapi.FSSymlink {
			key = "file.symbolic_link.target_path"
		}
		a.text(key, v)
	case uapi.AttrName:
		a.text("vexj.name", v)
	case uapi.AttrArgv:
		a.list("process.command_args", v)
	case uapi.AttrAgentID:
		a.text("gen_ai.agent.id", v)
	case uapi.AttrAgentIntent:
		a.text("vexj.intent", v)
	case uapi.AttrSession:
		n, _ := r.U64(tag)
		a.decimal("session.id", n)
	case uapi.AttrAgentConfidence:
		n, _ := r.U32(tag)
		a.int("vexj.confidence", int64(n))
	}
}

func (b *builder) io(r uapi.Record) {
	a := &b.attributes
	o, _ := r.IO()
	if o.Offset != uapi.NoOffset {
		a.int("vexj.io.offset", o.Offset)
	}
	a.uint("vexj.io.length", o.Length)
	a.int("vexj.io.result", o.Result)
	if o.Duration != 0 {
		a.uint("vexj.io.duration", o.Duration)
	}
	if r.Type() == uapi.ProcExit {
		if status := unix.WaitStatus(o.Result); !status.Signaled() {
			a.int("process.exit.code", int64(status.ExitStatus()))
		}
		return
	}
	if o.Result < 0 {
		a.string("error.type", o.Errno().String())
	}
}

// severity follows from the priority.
func severity(r uapi.Record) (logspb.SeverityNumber, string) {
	p := r.Priority()
	switch {
	case p == uapi.PriorityCritical:
		return logspb.SeverityNumber_SEVERITY_NUMBER_ERROR, "ERROR"
	case p == uapi.PriorityHigh, r.Type() == uapi.SysLost:
		return logspb.SeverityNumber_SEVERITY_NUMBER_WARN, "WARN"
	case p == uapi.PriorityLow:
		return logspb.SeverityNumber_SEVERITY_NUMBER_DEBUG, "DEBUG"
	case p == uapi.PriorityBackground:
		return logspb.SeverityNumber_SEVERITY_NUMBER_TRACE, "TRACE"
	}
	return logspb.SeverityNumber_SEVERITY_NUMBER_INFO, "INFO"
}
