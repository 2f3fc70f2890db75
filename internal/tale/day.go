// SPDX-License-Identifier: Apache-2.0

package tale

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"vexj/agent/session"
	"vexj/uapi"
	"vexj/userjournal"
)

// Hostile is a file's name that would be a picture in a page which takes it for HTML.
const Hostile = `<img src=x onerror="document.title='owned'">`

// DayLength is from the first to the last record of a day.
const DayLength = 6 * time.Hour

// A Day is a machine on which services, a person and agents work in sessions: processes
// that fork, run programs, and read and change files; some of it declared, some not; a few
// records lost. The same seed tells the same day.
type Day struct {
	rand    *rand.Rand
	build   *uapi.Builder
	append  func(uapi.Record) error
	actors  []*actor
	number  uint64
	ktime   uint64
	start   uint64
	step    float64 // ns
	pids    uint32
	lost    int
	hostile bool
	err     error
}

// An actor does one thing after the other, as the process that is its last.
type actor struct {
	agent, session, intent string
	touch                  []string
	folder                 string
	files                  []string
	weight                 float64
	id                     uint64 // of the session
	cause                  uint64 // event id of the intent
	line                   []process
	changes                bool
	left                   int // operations of the process that is running
}

type process struct {
	pid     uint32
	started uint64
	comm    string
}

var programs = [][]string{
	{"/usr/bin/git", "git", "status", "--porcelain"}, {"/usr/local/go/bin/go", "go", "test", "./..."},
	{"/usr/bin/node", "node", "scripts/build.mjs"}, {"/usr/bin/sed", "sed", "-i", "s/old/new/", "config.yaml"},
	{"/usr/bin/python3", "python3", "-m", "pytest", "-q"}, {"/usr/bin/make", "make", "build"}, {"/usr/bin/cat", "cat", "README.md"},
	{"/usr/bin/rg", "rg", "--files-with-matches", "TODO"},
}

// NewDay has append take the records of a day that has so many, from ktime 1 h on.
func NewDay(seed uint64, records int, append func(uapi.Record) error) *Day {
	d := &Day{rand: rand.New(rand.NewPCG(seed, 1)), build: uapi.NewBuilder(nil), append: append,
		ktime: uint64(time.Hour), start: uint64(time.Hour), step: float64(DayLength) / float64(records), pids: 1200}
	project := func(root string) (files []string) {
		for _, f := range []string{"README.md", "main.go", "config.yaml", "api/server.go", "api/server_test.go", "api/handler.go", "api/routes.go",
			"store/db.go", "store/migrate.sql", "web/index.html", "web/app.js", "web/style.css", "scripts/deploy.sh", "docs/guide.md", "go.mod", "go.sum"} {
			files = with(files, root+"/"+f)
		}
		return files
	}
	d.actors = []*actor{
		{files: []string{"/var/log/journal/system.journal", "/run/systemd/units/log", "/var/lib/systemd/timers/stamp"}, folder: "/", weight: 3,
			line: []process{{1, 1, "systemd"}, {412, 12e9, "systemd-journal"}}},
		{files: []string{"/var/lib/postgresql/15/main/base/16384/2619", "/var/lib/postgresql/15/main/pg_wal/000000010000000000000001"}, folder: "/var/lib/postgresql",
			weight: 5, line: []process{{1, 1, "systemd"}, {871, 20e9, "postgres"}}},
		{files: with(project("/home/ann/notes"), "/home/ann/.bash_history"), folder: "/home/ann/notes", weight: 1, changes: true,
			line: []process{{1, 1, "systemd"}, {990, 30e9, "sshd"}, {1003, 40e9, "bash"}}},
		{agent: "claude-code", session: "fix-login-timeout", intent: "Make the login time out after 30 minutes, with tests",
			touch: []string{"api/**", "store/**", "docs/guide.md"}, folder: "/srv/shop", files: project("/srv/shop"), weight: 6, changes: true, line: []process{{1044, 50e9, "claude"}}},
		{agent: "claude-code", session: "upgrade-deps", intent: "Upgrade the dependencies and mend what breaks",
			touch: []string{"go.mod", "go.sum"}, folder: "/srv/billing", files: project("/srv/billing"), weight: 4, changes: true, line: []process{{1051, 51e9, "claude"}}},
		{agent: "codex", session: "style-sweep", intent: "Format the style sheets, nothing else", touch: []string{"web/*.css"},
			folder: "/srv/shop", files: with(project("/srv/shop")[8:], "/srv/shop/web/vendor.css", "/etc/shop/secrets.env"), weight: 3, changes: true, line: []process{{1060, 52e9, "codex"}}},
		{agent: "nightly-report", session: "report-2026-03-02", intent: "Write the report of the day", touch: []string{"/srv/reports/**"},
			folder: "/srv/reports", files: []string{"/srv/reports/2026-03-02.csv", "/srv/reports/2026-03-02.html", "/srv/reports/index.html"}, weight: 1, changes: true,
			line: []process{{1071, 53e9, "python3"}}},
	}
	for _, a := range d.actors {
		a.id = session.ID(a.session)
	}
	return d
}

func with(list []string, more ...string) []string { return append(list, more...) }

// WriteDay makes a journal of a day with so many records that began at the time.
func WriteDay(dir string, seed uint64, records int, began time.Time) (err error) {
	offset := began.UnixNano() - int64(time.Hour)
	w, err := userjournal.Create(dir, userjournal.Options{Clock: &userjournal.Clock{Boot: [16]byte{2}, WallOffset: offset}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return NewDay(seed, records, func(r uapi.Record) error {
		_, err := w.Append(r)
		return err
	}).Tell(records)
}

// Tell makes so many records.
func (d *Day) Tell(records int) error {
	if d.number == 0 {
		d.emit(uapi.Header{Type: uapi.SysProducerStart}, nil, func() {
			d.build.AddProducer(uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: Base})
			d.build.AddString(uapi.AttrCoverage, "what the kernel does for itself, such as nfsd")
		})
	}
	total := 0.0
	for _, a := range d.actors {
		total += a.weight
	}
	for end := d.number + uint64(records) - 1; d.number < end && d.err == nil; {
		at := d.rand.Float64() * total
		for _, a := range d.actors {
			if at -= a.weight; at < 0 {
				d.act(a)
				break
			}
		}
		if share := float64(d.ktime-d.start) / float64(DayLength); share > 0.31+0.4*float64(d.lost) && d.lost < 2 {
			d.lost++
			d.lose(uint64(1200 / d.lost))
		}
	}
	return d.err
}

// lose leaves numbers out, and says so.
func (d *Day) lose(n uint64) {
	first := d.number + 1
	d.number += n
	d.emit(uapi.Header{Type: uapi.SysLost, Priority: uapi.PriorityCritical}, nil, func() {
		d.build.AddLost(uapi.Lost{Count: n, First: first, Last: first + n - 1, Cause: uapi.LostFull, CPU: 1})
	})
}

// act does the next thing of an actor.
func (d *Day) act(a *actor) {
	switch {
	case a.agent != "" && a.cause == 0:
		d.declare(a)
	case a.left > 0:
		a.left--
		d.operate(a)
		if a.left == 0 && len(a.line) > 1 && a.changes {
			d.exit(a)
		}
	case a.changes:
		d.run(a)
	default:
		a.left = 50
	}
}

func (d *Day) declare(a *actor) {
	a.cause = Base + d.number + 1
	meta, err := json.Marshal(map[string]any{"session": a.session, "touch": a.touch, "cwd": a.folder})
	if err != nil {
		d.err = err
		return
	}
	d.emit(uapi.Header{Type: uapi.SemIntent}, a, func() {
		d.build.AddString(uapi.AttrAgentIntent, a.intent)
		d.build.Metadata(meta)
	})
}

// run begins a program in a process of its own.
func (d *Day) run(a *actor) {
	d.pids++
	pid, program := d.pids, programs[d.rand.IntN(len(programs))]
	d.emit(uapi.Header{Type: uapi.ProcFork}, a, func() { d.build.AddChild(uapi.Child{PID: pid, TID: pid}) })
	a.line = append(a.line, process{pid, d.ktime, program[1]})
	d.emit(uapi.Header{Type: uapi.ProcExec}, a, func() {
		d.build.AddString(uapi.AttrPath, program[0])
		argv := []byte{}
		for _, word := range program[1:] {
			argv = append(append(argv, word...), 0)
		}
		d.build.AddBytes(uapi.AttrArgv, argv)
	})
	a.left = 8 + d.rand.IntN(60)
	if len(a.line) < 5 && d.rand.IntN(4) == 0 {
		a.left = 0 // it runs another one at once
	}
}

func (d *Day) exit(a *actor) {
	for n := len(a.line) - 1; n > 0 && a.line[n].pid > 1200; n-- {
		result := int64(0)
		if d.rand.IntN(12) == 0 {
			result = 1 << 8
		}
		d.emit(uapi.Header{Type: uapi.ProcExit}, a, func() { d.build.AddIO(uapi.IO{Offset: uapi.NoOffset, Result: result}) })
		a.line = a.line[:n]
		if d.rand.IntN(3) == 0 {
			break
		}
	}
}

// what is done to files, and how often of 100.
var operations = []struct {
	t      uapi.Type
	share  int
	change bool
}{{uapi.FSOpen, 26, false}, {uapi.FSRead, 28, false}, {uapi.FSWrite, 19, true}, {uapi.FSClose, 14, false}, {uapi.FSStat, 5, false},
	{uapi.FSCreate, 2, true}, {uapi.FSRename, 2, true}, {uapi.FSDelete, 1, true}, {uapi.FSChmod, 1, true}, {uapi.FSFsync, 2, false}}

func (d *Day) operate(a *actor) {
	n := d.rand.IntN(100)
	op := operations[0]
	for _, o := range operations {
		if n -= o.share; n < 0 {
			op = o
			break
		}
	}
	i := d.rand.IntN(len(a.files))
	path := a.files[i]
	if a.agent != "" && op.change && d.rand.IntN(5) > 0 {
		path = a.files[len(a.files)/4+i%max(len(a.files)/3, 1)] // where the work is
	}
	h, result := uapi.Header{Type: op.t}, int64(0)
	switch {
	case op.t == uapi.FSRead || op.t == uapi.FSWrite:
		result = int64(1 + d.rand.IntN(16<<10))
	case d.rand.IntN(40) == 0:
		h.Flags, result = uapi.FlagFailed, -int64([]int{2, 13}[d.rand.IntN(2)])
	}
	if a.session == "style-sweep" && !d.hostile && d.number > 200 {
		d.hostile, h, result, path = true, uapi.Header{Type: uapi.FSCreate}, 0, a.folder+"/web/"+Hostile
	}
	d.emit(h, a, func() {
		d.build.AddFile(uapi.File{DevMajor: 8, DevMinor: 1, Inode: inode(path), Mode: 0o100644, Nlink: 1, Size: uint64(max(result, 0))})
		d.build.AddIO(uapi.IO{Offset: uapi.NoOffset, Result: result})
		if h.Type == uapi.FSRename {
			d.build.AddString(uapi.AttrPath, path+".tmp")
			d.build.AddString(uapi.AttrPath2, path)
			return
		}
		d.build.AddString(uapi.AttrPath, path)
	})
}

func inode(path string) (n uint64) {
	for _, c := range []byte(path) {
		n = n*31 + uint64(c)
	}
	return n%1e7 + 1
}

// emit makes a record of the actor's, with what add adds.
func (d *Day) emit(h uapi.Header, a *actor, add func()) {
	d.number++
	// Now more, now less, as over a day.
	share := float64(d.ktime-d.start) / float64(DayLength)
	busy := 1.15 + 0.8*math.Sin(share*9) + 0.5*math.Sin(share*61)
	d.ktime += uint64(d.step * d.rand.ExpFloat64() / max(busy, 0.15) * 1.29)
	h.EventID, h.GlobalSequence, h.Sequence, h.Ktime, h.VisibilityMask = Base+d.number, d.number, d.number, d.ktime, ^uint64(0)
	if h.Priority == 0 {
		h.Priority = uapi.PriorityNormal
	}
	h.RootCause = h.EventID
	if a != nil {
		p := a.line[len(a.line)-1]
		h.PID = p.pid
		if a.cause != 0 && a.cause != h.EventID {
			h.Parent, h.RootCause = a.cause, a.cause
		}
		d.build.Begin(h)
		t := uapi.Task{TID: p.pid, UID: 1000, GID: 1000, StartTime: p.started}
		if len(a.line) > 1 {
			t.PPID = a.line[len(a.line)-2].pid
		}
		copy(t.Comm[:], p.comm)
		d.build.AddTask(t)
	} else {
		d.build.Begin(h)
	}
	whose := func() {
		if a != nil && a.agent != "" {
			d.build.AddString(uapi.AttrAgentID, a.agent)
			d.build.AddU64(uapi.AttrSession, a.id)
		}
	}
	if h.Type == uapi.SemIntent {
		whose()
		add()
	} else {
		add()
		whose()
	}
	rec, err := d.build.Finish()
	if err == nil {
		err = d.append(rec)
	}
	if d.err == nil && err != nil {
		d.err = fmt.Errorf("record %d of the day: %w", d.number, err)
	}
}
