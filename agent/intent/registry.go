// SPDX-License-Identifier: Apache-2.0

package intent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"vexj/agent/session"
	"vexj/uapi"
)

var (
	// ErrNone: there is no such intent, or it has ended.
	ErrNone = errors.New("no such intent")
	// ErrNotYours: the process, the control group or the intent is another user's.
	ErrNotYours = errors.New("that is another user's")
	// ErrFull: too many records wait to be journaled. Nothing was taken.
	ErrFull = errors.New("too many records wait for the journal")
	// ErrEnded: the recorder is about to end.
	ErrEnded = errors.New("the recorder is about to end")
)

// A Recorder puts records into a journal's order, and attributes those that its
// producer makes. Its methods may be called from any goroutine. Emit returns ErrFull
// or ErrEnded where that is so.
type Recorder interface {
	Emit(rec uapi.Record) (id uint64, err error)
	SetContext(uapi.Context) error
	ClearContext(uapi.Context) error
	Contexts() ([]uapi.Context, error)
	ContextOf(pid uint32) (uapi.Context, bool, error)
}

// A Request asks for an intent to be begun.
type Request struct {
	session.Identity // empty members are those of the intent that it is part of
	Text             string
	Confidence       uint32
	Touch            []string
	PID              uint32 // of the tree
	Cgroup           string // path of the group; "": none
	Remove           bool   // the group was made for the intent: it goes once it is empty
	Visibility       uint64 // 0: all that the outer one's may see
	Cwd              string
	Argv             []string
}

// An Intent that has been begun.
type Intent struct {
	session.Identity
	ID         uint64 // event id of its record
	SessionID  uint64
	Text       string
	Confidence uint32
	Touch      []string
	PID        uint32
	Cgroup     uint64
	Bound      string
	Parent     uint64
	Root       uint64
	Visibility uint64
	UID        uint32 // whose it is
	Began      time.Time
	Ended      bool // and what it was bound to is still there

	group  string   // its folder
	remove *os.File // the folder above, if the group is to be removed
	tree   bool
}

// Registry holds the intents of a recorder.
type Registry struct {
	rec Recorder

	mu      sync.Mutex
	closed  bool
	intents map[uint64]*Intent
	wake    chan struct{} // that there are some to look after
}

// NewRegistry makes an empty one.
func NewRegistry(rec Recorder) *Registry {
	return &Registry{rec: rec, intents: map[uint64]*Intent{}, wake: make(chan struct{}, 1)}
}

// A Caller is who asks. Root may do everything, others what is about their own
// processes.
type Caller struct {
	PID uint32
	UID uint32
}

// Begin journals an intent and binds it, in this order: no record can go back to one
// that is not before it.
func (g *Registry) Begin(c Caller, r Request) (_ *Intent, err error) {
	says := said{r.Identity, r.Text, r.Confidence, r.Touch}
	if err := says.check(); err != nil {
		return nil, err
	}
	if r.PID == 0 && r.Cgroup == "" {
		return nil, fmt.Errorf("%w: say which process or control group it is of", ErrIntent)
	}
	i := &Intent{Identity: r.Identity, Text: r.Text, Confidence: r.Confidence, Touch: r.Touch, PID: r.PID,
		Visibility: r.Visibility, UID: c.UID, Began: time.Now()}
	if err := g.authorise(c, i, r.Cgroup); err != nil {
		return nil, err
	}
	if r.Remove && r.Cgroup != "" {
		if i.remove, err = above(c, r.Cgroup); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			i.drop()
		}
	}()
	task, err := TaskOf(c.PID)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, ErrEnded
	}
	if err := g.nest(i, c); err != nil {
		return nil, err
	}
	rec, err := i.record(task, Details{Session: i.Session, Touch: i.Touch, PID: i.PID, Cgroup: i.Cgroup, Bound: i.wish(),
		Cwd: r.Cwd, Argv: cutArgv(r.Argv)})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIntent, err)
	}
	if i.ID, err = g.rec.Emit(rec); err != nil {
		return nil, err
	}
	if i.Root == 0 {
		i.Root = i.ID
	}
	if err := g.bind(i); err != nil {
		g.tellEnd(i, c.PID, EndedFailed)
		return nil, err
	}
	g.intents[i.ID] = i
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return i.clone(), nil
}

func (i *Intent) clone() *Intent {
	c := *i
	return &c
}

// authorise refuses what is another user's.
func (g *Registry) authorise(c Caller, i *Intent, group string) (err error) {
	if i.PID != 0 {
		if err := MayAttribute(c, i.PID); err != nil {
			return err
		}
		i.tree = true
	}
	if group == "" {
		return nil
	}
	i.group = group
	i.Cgroup, err = groupOf(c, group)
	return err
}

// nest makes the intent part of the one that its process acts for now, whose members
// stand for those that were not said.
func (g *Registry) nest(i *Intent, c Caller) error {
	pid := i.PID
	if pid == 0 {
		pid = c.PID
	}
	outer, has, err := g.rec.ContextOf(pid)
	if err != nil {
		return err
	}
	if has {
		i.Parent, i.Root = outer.Parent, outer.Root
		if i.Agent == "" {
			i.Agent = outer.Agent
		}
		if i.Session == "" && outer.Session != 0 {
			i.Session, i.SessionID = g.sessionText(outer), outer.Session
		}
		if i.Visibility == 0 {
			i.Visibility = outer.Visibility
		}
		i.Visibility &= outer.Visibility
	}
	if i.Visibility == 0 {
		if has && outer.Visibility != 0 {
			return fmt.Errorf("%w: nobody who may see what is outside of it may see it: its visibility and the outer one's have nothing in common", ErrIntent)
		}
		i.Visibility = ^uint64(0)
	}
	if i.Session == "" {
		i.Session = time.Now().UTC().Format("20060102T150405.000Z-") + strconv.FormatUint(uint64(pid), 10)
	}
	if i.SessionID == 0 {
		i.SessionID = i.Identity.ID()
	}
	return nil
}

// sessionText is what the session of a context is called.
func (g *Registry) sessionText(c uapi.Context) string {
	if i := g.intents[c.Parent]; i != nil && i.SessionID == c.Session {
		return i.Session
	}
	return strconv.FormatUint(c.Session, 10)
}

func (i *Intent) wish() string {
	switch {
	case i.tree && i.Cgroup != 0:
		return "tree+cgroup"
	case i.tree:
		return "tree"
	}
	return "cgroup"
}

func (i *Intent) context() uapi.Context {
	return uapi.Context{Agent: i.Agent, Session: i.SessionID, Parent: i.ID, Root: i.Root, Visibility: i.Visibility}
}

// bind sets the contexts. One of two is enough.
func (g *Registry) bind(i *Intent) error {
	var failed error
	ctx := i.context()
	if i.tree {
		ctx.PID = i.PID
		if failed = g.rec.SetContext(ctx); failed != nil {
			i.tree = false
		}
		ctx.PID = 0
	}
	if i.Cgroup != 0 {
		ctx.Cgroup = i.Cgroup
		if err := g.rec.SetContext(ctx); err != nil {
			failed = errors.Join(failed, err)
			i.Cgroup = 0
		}
	}
	if !i.tree && i.Cgroup == 0 {
		return failed
	}
	i.Bound = i.wish()
	return nil
}

// End ends an intent. With keep, what it is bound to goes on acting for it: a daemon
// that outlives the command it was for.
func (g *Registry) End(c Caller, id uint64, keep bool) error {
	return g.end(c, id, keep, EndedAsked)
}

// Disconnect ends an intent whose holder has gone.
func (g *Registry) Disconnect(c Caller, id uint64) error {
	return g.end(c, id, false, EndedDisconnected)
}

func (g *Registry) end(c Caller, id uint64, keep bool, why string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.intents[id]
	switch {
	case i == nil || i.Ended:
		return fmt.Errorf("%w: 0x%016x", ErrNone, id)
	case c.UID != 0 && c.UID != i.UID:
		return fmt.Errorf("intent 0x%016x: %w", id, ErrNotYours)
	}
	err := g.tellEnd(i, c.PID, why)
	i.Ended = true
	if !keep {
		err = errors.Join(err, g.unbind(i))
		g.forget(id)
	}
	return err
}

// newestFirst returns the ids in the order in which intents end: the control group
// of a nested one is inside that of the one it is nested in, and goes first.
func (g *Registry) newestFirst() []uint64 {
	ids := slices.Sorted(maps.Keys(g.intents))
	slices.Reverse(ids)
	return ids
}

// forget drops an intent with its group, if that was made for it and is empty.
func (g *Registry) forget(id uint64) {
	g.intents[id].drop()
	delete(g.intents, id)
}

func (i *Intent) drop() {
	if i.remove == nil {
		return
	}
	_ = unix.Unlinkat(int(i.remove.Fd()), filepath.Base(i.group), unix.AT_REMOVEDIR)
	_ = i.remove.Close()
	i.remove = nil
}

func (g *Registry) tellEnd(i *Intent, pid uint32, why string) error {
	rec, err := i.endRecord(pid, why)
	if err == nil {
		_, err = g.rec.Emit(rec)
	}
	return err
}

// unbind clears the contexts of an intent, if they are still its own.
func (g *Registry) unbind(i *Intent) error {
	set, err := g.rec.Contexts()
	if err != nil {
		return err
	}
	for _, ctx := range set {
		if ctx.Parent == i.ID {
			err = errors.Join(err, g.rec.ClearContext(uapi.Context{PID: ctx.PID, Cgroup: ctx.Cgroup}))
		}
	}
	return err
}

// List returns the intents, the oldest first.
func (g *Registry) List() []*Intent {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []*Intent
	for _, i := range g.intents {
		all = append(all, i.clone())
	}
	slices.SortFunc(all, func(a, b *Intent) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Look after what is bound this often.
const every = time.Second

// Run ends intents whose processes have gone, until ctx ends. Control groups that were
// made for them and are empty are removed.
func (g *Registry) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.wake:
		}
		for g.tidy() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(every):
			}
		}
	}
}

// tidy says whether there is more to look after.
func (g *Registry) tidy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	set, err := g.rec.Contexts()
	if err != nil {
		return len(g.intents) > 0
	}
	for _, id := range g.newestFirst() {
		i := g.intents[id]
		tree, group := false, false
		for _, ctx := range set {
			if ctx.Parent == id {
				tree = tree || ctx.PID != 0
				group = group || ctx.Cgroup != 0
			}
		}
		if group && !populated(i.group) {
			if err := g.rec.ClearContext(uapi.Context{Cgroup: i.Cgroup}); err == nil {
				group = false
			}
		}
		if tree || group {
			continue
		}
		if !i.Ended {
			_ = g.tellEnd(i, i.PID, EndedExited)
		}
		g.forget(id)
	}
	return len(g.intents) > 0
}

// Close ends all that has not ended.
func (g *Registry) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	var errs []error
	for _, id := range g.newestFirst() {
		i := g.intents[id]
		if !i.Ended {
			errs = append(errs, g.tellEnd(i, i.PID, EndedRecorder))
		}
		errs = append(errs, g.unbind(i))
		g.forget(id)
	}
	return errors.Join(errs...)
}
