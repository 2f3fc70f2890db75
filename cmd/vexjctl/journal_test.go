// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"vexj/agent/session"
	"vexj/uapi"
	"vexj/userjournal"
)

// scribe writes journals that are the same each time: the records are at fixed
// times of day whatever the clock says, and their ids do not depend on it.
type scribe struct {
	w      *userjournal.SetWriter
	b      *uapi.Builder
	offset int64  // from ktime to time of day
	base   uint64 // of ids
	number uint64
	now    int64
	err    error
}

const (
	scribeBase  = uint64(uapi.ProducerTest)<<56 | 0x1000
	scribeStart = int64(1772366400_000_000_000) // 2026-03-01T12:00:00Z
)

func newScribe(dir string, shards []string) (*scribe, error) {
	w, err := userjournal.CreateSet(dir, shards, userjournal.Options{Interval: -1})
	if err != nil {
		return nil, err
	}
	r, err := userjournal.OpenSet(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Info()
	if err != nil {
		return nil, err
	}
	return &scribe{w: w, b: uapi.NewBuilder(nil), offset: info.WallOffset, base: scribeBase, now: scribeStart}, nil
}

// record appends one a second after the one before it.
func (s *scribe) record(t uapi.Type, flags uapi.Flags, pid uint32, comm string, add func(b *uapi.Builder)) {
	s.number++
	s.append(t, flags, pid, comm, add)
	s.now += int64(time.Second)
}

func (s *scribe) append(t uapi.Type, flags uapi.Flags, pid uint32, comm string, add func(b *uapi.Builder)) {
	id := s.base + s.number
	s.b.Begin(uapi.Header{
		EventID: id, Type: t, Flags: flags, Ktime: uint64(s.now - s.offset), Sequence: s.number, PID: pid,
		GlobalSequence: s.number, Priority: uapi.PriorityNormal, RootCause: id, VisibilityMask: ^uint64(0),
	})
	if pid != 0 {
		task := uapi.Task{TID: pid, PPID: 1, UID: 1000, GID: 1000, StartTime: 1, CgroupID: 9, MntNS: 2, PidNS: 3}
		copy(task.Comm[:], comm)
		s.b.AddTask(task)
	}
	add(s.b)
	s.finish()
}

// finish appends what was built.
func (s *scribe) finish() {
	rec, err := s.b.Finish()
	if err == nil {
		_, err = s.w.Append(rec)
	}
	if s.err == nil {
		s.err = err
	}
}

func (s *scribe) start() {
	s.record(uapi.SysProducerStart, 0, 0, "", func(b *uapi.Builder) {
		b.AddProducer(uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: s.base})
		b.AddString(uapi.AttrCoverage, "writers inside the kernel\n")
		b.AddClock(uapi.Clock{Boottime: 1, Realtime: uint64(s.now)})
	})
}

func (s *scribe) stop(lost uint64) {
	s.record(uapi.SysProducerStop, 0, 0, "", func(b *uapi.Builder) {
		b.AddProducer(uapi.ProducerAttr{
			Producer: uapi.ProducerTest, IDBase: s.base,
			Attempted: s.number, Recorded: s.number - lost - 2, Lost: lost, Filtered: 7,
		})
	})
}

// lose skips numbers and tells so.
func (s *scribe) lose(n uint64) {
	first := s.number + 1
	s.number += n
	s.append(uapi.SysLost, 0, 0, "", func(b *uapi.Builder) {
		b.AddLost(uapi.Lost{Count: n, First: first, Last: s.number, Cause: uapi.LostFull})
	})
}

var scribeFile = uapi.File{DevMajor: 8, DevMinor: 1, Inode: 42, Generation: 7, Mode: 0o100644, Size: 4608, Nlink: 1}

// op is what most records have.
func op(path string, io uapi.IO, more ...func(b *uapi.Builder)) func(b *uapi.Builder) {
	return func(b *uapi.Builder) {
		b.AddFile(scribeFile)
		b.AddIO(io)
		b.AddString(uapi.AttrPath, path)
		for _, m := range more {
			m(b)
		}
	}
}

var done = uapi.IO{Offset: uapi.NoOffset}

func (s *scribe) workload() {
	s.record(uapi.ProcExec, 0, 100, "git", op("/usr/bin/git", done, func(b *uapi.Builder) {
		b.AddString(uapi.AttrArgv, "git\x00commit\x00-m\x00two words\x00")
	}))
	s.record(uapi.FSOpen, 0, 100, "git", op("/repo/.git/index.lock", uapi.IO{Offset: -1, Result: 3}, func(b *uapi.Builder) {
		b.AddOpen(uapi.Open{Flags: unix.O_RDWR | unix.O_CREAT | unix.O_EXCL, Mode: 0o666, FD: 3})
	}))
	s.record(uapi.FSWrite, 0, 100, "git", op("/repo/.git/index.lock", uapi.IO{Offset: 0, Length: 4608, Result: 4608}))
	s.record(uapi.FSRename, 0, 100, "git", op("/repo/.git/index.lock", done, func(b *uapi.Builder) {
		b.AddString(uapi.AttrPath2, "/repo/.git/index")
	}))
	s.record(uapi.FSOpen, uapi.FlagFailed|uapi.FlagObjectUnknown, 200, "vi", func(b *uapi.Builder) {
		b.AddIO(uapi.IO{Offset: -1, Result: -int64(unix.ENOENT)})
		b.AddString(uapi.AttrPath, "/etc/none")
		b.AddOpen(uapi.Open{FD: -1})
	})
	s.record(uapi.FSDelete, 0, 200, "vi", op("/repo/.main.go.swp", done))
	s.record(uapi.FSStat, 0, 200, "vi", op("/repo/main.go", done))
}

// agents are two, each with an intent, on one tree.
func (s *scribe) agents() {
	act := func(agent string, parent uint64, t uapi.Type, pid uint32, inode uint64, path, path2 string, result int64) uint64 {
		s.number++
		id := s.base + s.number
		h := uapi.Header{EventID: id, Type: t, Ktime: uint64(s.now - s.offset), PID: pid, GlobalSequence: s.number,
			Priority: uapi.PriorityNormal, Parent: parent, RootCause: id, VisibilityMask: 1 << (len(agent) - 3)}
		if parent != 0 {
			h.RootCause = parent
		}
		s.b.Begin(h)
		task := uapi.Task{TID: pid, PPID: pid - 1, UID: 1000, StartTime: uint64(pid)}
		copy(task.Comm[:], "sh")
		s.b.AddTask(task)
		if inode != 0 {
			f := uapi.File{DevMajor: 8, DevMinor: 1, Inode: inode, Mode: 0o100644, Nlink: 1}
			if t == uapi.FSMkdir {
				f.Mode = 0o040755
			}
			s.b.AddFile(f)
			s.b.AddIO(uapi.IO{Offset: uapi.NoOffset, Result: result})
		}
		if path != "" {
			s.b.AddString(uapi.AttrPath, path)
		}
		if path2 != "" {
			s.b.AddString(uapi.AttrPath2, path2)
		}
		if t == uapi.ProcFork {
			s.b.AddChild(uapi.Child{PID: pid + 1, TID: pid + 1})
		}
		s.b.AddString(uapi.AttrAgentID, agent)
		s.b.AddU64(uapi.AttrSession, session.ID("work of "+agent))
		if t == uapi.SemIntent {
			s.b.AddString(uapi.AttrAgentIntent, "help with "+agent)
			s.b.Metadata([]byte(`{"session":"work of ` + agent + `","touch":["src/**","/none"],"cwd":"/w"}`))
		}
		s.finish()
		s.now += int64(time.Second)
		return id
	}
	ann := act("ann", 0, uapi.SemIntent, 10, 0, "", "", 0)
	bobby := act("bobby", 0, uapi.SemIntent, 20, 0, "", "", 0)
	act("ann", ann, uapi.ProcFork, 10, 0, "", "", 0)
	act("ann", ann, uapi.ProcExec, 11, 0, "/bin/sh", "", 0)
	act("ann", ann, uapi.FSMkdir, 11, 4, "/w/src", "", 0)
	act("ann", ann, uapi.FSCreate, 11, 5, "/w/src/a", "", 0)
	act("ann", ann, uapi.FSWrite, 11, 5, "/w/src/a", "", 100)
	act("bobby", bobby, uapi.FSCreate, 21, 6, "/w/tmp", "", 0)
	act("bobby", bobby, uapi.FSWrite, 21, 6, "/w/tmp", "", 7)
	act("bobby", bobby, uapi.FSRename, 21, 6, "/w/tmp", "/w/src/a", 0)
}

// make is an operation on a name, of what the inode is then.
func (s *scribe) make(t uapi.Type, mode uint32, inode uint64, path, path2 string) {
	s.record(t, 0, 100, "make", func(b *uapi.Builder) {
		b.AddFile(uapi.File{DevMajor: 8, DevMinor: 1, Inode: inode, Mode: mode, Nlink: 1})
		b.AddIO(done)
		b.AddString(uapi.AttrPath, path)
		if path2 != "" {
			b.AddString(uapi.AttrPath2, path2)
		}
	})
}

// sides are the kernel's and a mount's records of one write, and one past the mount.
func (s *scribe) sides() {
	for i, p := range []uapi.Producer{uapi.ProducerBPFSyscall, uapi.ProducerFUSE, uapi.ProducerBPFSyscall} {
		s.base = uint64(p)<<56 | 0x1000
		s.number++
		s.append(uapi.FSWrite, 0, 100, "sh", op("/f", uapi.IO{Length: 5, Result: 5, Duration: 2e6}))
		s.now += int64(i+1) * int64(time.Millisecond) * 30 * int64(i)
		s.now += int64(time.Millisecond)
	}
}

// tree makes a folder of everything.
func (s *scribe) tree() {
	s.make(uapi.FSMkdir, unix.S_IFDIR|0o750, 10, "/srv/src", "")
	s.make(uapi.FSCreate, unix.S_IFREG|0o640, 11, "/srv/src/a", "")
	s.make(uapi.FSHardlink, unix.S_IFREG|0o640, 11, "/srv/src/a", "/srv/src/b")
	s.make(uapi.FSSymlink, unix.S_IFLNK|0o777, 12, "/srv/link", "src/a")
	s.make(uapi.FSCreate, unix.S_IFREG|0o600, 13, "/srv/gone", "")
	s.make(uapi.FSDelete, unix.S_IFREG|0o600, 13, "/srv/gone", "")
	s.make(uapi.FSRename, unix.S_IFREG|0o640, 11, "/srv/src/a", "/srv/src/c")
	s.make(uapi.FSCreate, unix.S_IFREG|0o600, 14, "/etc/other", "")
}

// fields are records that differ in what agents say of them.
func (s *scribe) fields() {
	note := func(t uapi.Type, path string, h uapi.Header, add func(b *uapi.Builder)) {
		s.number++
		h.EventID, h.Type, h.Ktime = s.base+s.number, t, uint64(s.now-s.offset)
		h.GlobalSequence, h.RootCause, h.VisibilityMask = s.number, s.base+s.number, ^uint64(0)
		s.b.Begin(h)
		s.b.AddString(uapi.AttrPath, path)
		add(s.b)
		s.finish()
		s.now += int64(time.Second)
	}
	note(uapi.FSWrite, "/a/1", uapi.Header{Priority: uapi.PriorityCritical, Relevance: 90}, func(b *uapi.Builder) {
		b.AddU64(uapi.AttrTransaction, 5)
		b.AddU64(uapi.AttrSession, 1<<63|1)
		b.AddString(uapi.AttrTags, `["deploy"]`)
	})
	note(uapi.SemIntent, "/a/2", uapi.Header{Priority: uapi.PriorityNormal, Flags: uapi.FlagCausal | uapi.FlagAtomic}, func(b *uapi.Builder) {
		b.AddU64(uapi.AttrChain, 6)
		b.AddU64(uapi.AttrSession, session.ID("night run"))
		b.AddString(uapi.AttrTags, `{"deploy":true,"team":"core"}`)
	})
	note(uapi.FSDelete, "/b/3", uapi.Header{Priority: uapi.PriorityLow, Flags: uapi.FlagAtomic, Relevance: 10}, func(b *uapi.Builder) {
		b.AddU64(uapi.AttrTransaction, 5)
	})
}

var journals = map[string]func(s *scribe){
	"empty":  func(*scribe) {},
	"agents": func(s *scribe) { s.start(); s.agents(); s.stop(0) },
	"fields": func(s *scribe) { s.start(); s.fields(); s.stop(0) },
	"small":  func(s *scribe) { s.start(); s.workload(); s.stop(0) },
	"lossy":  func(s *scribe) { s.start(); s.workload(); s.lose(5); s.workload(); s.stop(5) },
	"gap":    func(s *scribe) { s.start(); s.workload(); s.number += 5; s.workload(); s.stop(0) },
	"open":   func(s *scribe) { s.start(); s.workload() },
	"hostile": func(s *scribe) {
		s.start()
		s.record(uapi.FSDelete, 0, 300, "\x1b[2Jrm", op("/tmp/\x1b]0;owned\x07\n2026-03-01 12:00:00.000 git[1] delete /etc", done))
		s.record(uapi.FSCreate, 0, 300, "a b", op("/tmp/\u202egpj.exe", done))
		s.record(uapi.FSCreate, 0, 300, "rm", op("/tmp/\xff\xfe", done))
		s.stop(0)
	},
	"sides": func(s *scribe) { s.sides() },
	"tree":  func(s *scribe) { s.start(); s.tree(); s.stop(0) },
	// A folder is removed that has something in it.
	"broken": func(s *scribe) {
		s.start()
		s.tree()
		s.make(uapi.FSRmdir, unix.S_IFDIR|0o750, 10, "/srv/src", "")
		s.make(uapi.FSCreate, unix.S_IFREG|0o600, 15, "/srv/last", "")
		s.stop(0)
	},
	// Four blocks.
	"blocks": func(s *scribe) {
		s.start()
		for i := range 1000 {
			if i%250 == 0 {
				s.flush()
			}
			s.record(uapi.FSWrite, 0, 400, "dd", op(fmt.Sprintf("/data/%d", i), uapi.IO{Length: 1, Result: 1}))
		}
		s.stop(0)
	},
	"spread": func(s *scribe) {
		s.start()
		for i := range 2998 {
			s.record(uapi.FSWrite, 0, 400, "dd", op(fmt.Sprintf("/data/%d/%d", i%100, i), uapi.IO{Length: 1, Result: 1}))
		}
		s.stop(0)
	},
	// The next run after that.
	"more": func(s *scribe) {
		s.base, s.now = s.base+1<<32, s.now+int64(time.Hour)
		s.start()
		for i := range 998 {
			s.record(uapi.FSWrite, 0, 400, "dd", op(fmt.Sprintf("/data/%d", i), uapi.IO{Length: 1, Result: 1}))
		}
		s.stop(0)
	},
	"long": func(s *scribe) {
		s.start()
		for i := range 1000 {
			s.record(uapi.FSWrite, 0, 400, "dd", op(fmt.Sprintf("/data/%d", i), uapi.IO{Length: 1, Result: 1}))
		}
		s.stop(0)
	},
}

func (s *scribe) flush() {
	if err := s.w.Flush(); s.err == nil {
		s.err = err
	}
}

// scribble makes the named journal, of shards if there are any.
func scribble(name, dir string, shards ...string) error {
	write, ok := journals[name]
	if !ok {
		return fmt.Errorf("no journal %q", name)
	}
	s, err := newScribe(dir, shards)
	if err != nil {
		return err
	}
	write(s)
	if err := s.w.Close(); err != nil {
		return err
	}
	return s.err
}
