// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"vexj/query/where"
	"vexj/uapi"
	"vexj/userjournal"
)

const maxTime = math.MaxInt64

// Filter is compiled [Conditions]. Any number of goroutines may ask it.
type Filter struct {
	view         View
	types        *typeSet // nil: any
	categories   []uapi.Category
	minPriority  uapi.Priority
	minRelevance uint32
	pids         []uint32
	parents      []uint64
	roots        []uint64
	flagMask     uapi.Flags // of these, exactly flagWant must be set
	flagWant     uapi.Flags
	flagAny      uapi.Flags // of these, one

	wanted       facts // the attributes that some condition is about
	paths        []glob
	uids         []uint32
	commands     []component
	inodes       []uint64
	agents       []string
	sessions     []uint64
	transactions []uint64
	chains       []uint64
	tags         []string

	where  *where.Expression // nil: none
	losses bool

	keys  [][]userjournal.Key
	timed bool
	since int64 // ns since 1970
	until int64
}

// Match reports whether the record is in the view and meets all conditions but
// those about time, which the record alone cannot answer: see [Filter.MatchAt].
func (f *Filter) Match(r uapi.Record) bool {
	if !f.view.Sees(r) {
		return false
	}
	return f.isLoss(r) || f.meets(r)
}

// isLoss: the record is taken because it tells of a loss.
func (f *Filter) isLoss(r uapi.Record) bool { return f.losses && r.Type() == uapi.SysLost }

func (f *Filter) meets(r uapi.Record) bool {
	if f.types != nil && !f.types.has(r.Type()) {
		return false
	}
	if len(f.pids) > 0 && !slices.Contains(f.pids, r.PID()) {
		return false
	}
	if len(f.categories) > 0 && !slices.Contains(f.categories, r.Type().Category()) {
		return false
	}
	if p := r.Priority(); f.minPriority != 0 && (p == 0 || p > f.minPriority) {
		return false
	}
	if r.Relevance() < f.minRelevance {
		return false
	}
	if len(f.parents) > 0 && !slices.Contains(f.parents, r.Parent()) {
		return false
	}
	if root := r.RootCause(); len(f.roots) > 0 && (root == r.EventID() || !slices.Contains(f.roots, root)) {
		return false
	}
	flags := r.Flags()
	if flags&f.flagMask != f.flagWant || f.flagAny != 0 && flags&f.flagAny == 0 {
		return false
	}
	if f.wanted != 0 && !f.matchAttrs(r) {
		return false
	}
	return f.where == nil || f.where.Timed() || f.where.Match(r, time.Time{})
}

// MatchAt is Match with the conditions about time, for a record of the time t.
func (f *Filter) MatchAt(r uapi.Record, t time.Time) bool {
	return f.Match(r) && f.Within(t) &&
		(f.where == nil || !f.where.Timed() || f.isLoss(r) || f.where.Match(r, t))
}

// Err is why the filter takes no record any more: its expression cost too much.
// It wraps where.ErrCost. nil: it still does.
func (f *Filter) Err() error {
	if f.where == nil {
		return nil
	}
	return f.where.Err()
}

// facts are what attributes tell of a record.
type facts uint16

const (
	factTask facts = 1 << iota
	factPath
	factInode
	factAgent
	factSession
	factTransaction
	factChain
	factTags
)

func (f *Filter) facts() (w facts) {
	need := func(fact facts, conditions int) {
		if conditions > 0 {
			w |= fact
		}
	}
	need(factTask, len(f.uids)+len(f.commands))
	need(factPath, len(f.paths))
	need(factInode, len(f.inodes))
	need(factAgent, len(f.agents))
	need(factSession, len(f.sessions))
	need(factTransaction, len(f.transactions))
	need(factChain, len(f.chains))
	need(factTags, len(f.tags))
	return w
}

// matchAttrs goes over the attributes once, until all that is wanted was found.
func (f *Filter) matchAttrs(r uapi.Record) bool {
	left := f.wanted
	for tag, v := range r.Attrs() {
		fact := factOf(tag)
		if left&fact == 0 || !f.matchFact(fact, v) {
			continue
		}
		if left &^= fact; left == 0 {
			return true
		}
	}
	return false
}

func factOf(tag uapi.Tag) facts {
	switch tag {
	case uapi.AttrTask:
		return factTask
	case uapi.AttrPath, uapi.AttrPath2:
		return factPath
	case uapi.AttrFile, uapi.AttrFile2:
		return factInode
	case uapi.AttrAgentID:
		return factAgent
	case uapi.AttrSession:
		return factSession
	case uapi.AttrTransaction:
		return factTransaction
	case uapi.AttrChain:
		return factChain
	case uapi.AttrTags:
		return factTags
	}
	return 0
}

func (f *Filter) matchFact(fact facts, v []byte) bool {
	switch fact {
	case factTask:
		return f.matchTask(v)
	case factPath:
		return f.matchPath(v)
	case factInode:
		return len(v) >= fileInode+8 && slices.Contains(f.inodes, binary.LittleEndian.Uint64(v[fileInode:]))
	case factAgent:
		return slices.Contains(f.agents, string(v))
	case factTransaction:
		return oneOf(f.transactions, v)
	case factChain:
		return oneOf(f.chains, v)
	case factTags:
		return hasTag(v, f.tags)
	}
	return oneOf(f.sessions, v)
}

func oneOf(wanted []uint64, v []byte) bool {
	return len(v) == 8 && slices.Contains(wanted, binary.LittleEndian.Uint64(v))
}

func (f *Filter) matchPath(path []byte) bool {
	for i := range f.paths {
		if f.paths[i].match(path) {
			return true
		}
	}
	return false
}

// Where a task attribute has what is asked of it; a test holds them against the
// Go view.
const (
	taskUID  = 8
	taskComm = 40
	taskSize = 56

	fileInode = 8 // in a file attribute
)

func (f *Filter) matchTask(task []byte) bool {
	if len(task) != taskSize {
		return false
	}
	if len(f.uids) > 0 && !slices.Contains(f.uids, binary.LittleEndian.Uint32(task[taskUID:])) {
		return false
	}
	if len(f.commands) == 0 {
		return true
	}
	comm := task[taskComm:]
	if n := bytes.IndexByte(comm, 0); n >= 0 {
		comm = comm[:n]
	}
	for i := range f.commands {
		if f.commands[i].match(comm) {
			return true
		}
	}
	return false
}

// Within reports whether the conditions about time hold at t.
func (f *Filter) Within(t time.Time) bool { return f.within(t.UnixNano()) }

func (f *Filter) within(ns int64) bool { return ns >= f.since && ns < f.until }

// Timed reports whether there are conditions about time.
func (f *Filter) Timed() bool { return f.timed }

// Matches returns the whole of the filter as one function for records of j.
func (f *Filter) Matches(j Journal) func(ordinal uint64, r uapi.Record) bool {
	if !f.timed {
		return func(_ uint64, r uapi.Record) bool { return f.Match(r) }
	}
	return func(ordinal uint64, r uapi.Record) bool {
		return f.MatchAt(r, j.WallTime(ordinal, r.Ktime()))
	}
}

// Scan is j.Scan for those records alone that the filter takes; blocks in which
// there can be none are not read. It sets opt.Filter, keeping the one that is
// there, opt.Keys likewise, and the times.
func (f *Filter) Scan(j Journal, opt userjournal.ScanOptions, fn func(ordinal uint64, r uapi.Record) error) error {
	if other := opt.Filter; other != nil {
		opt.Filter = func(z *userjournal.ZoneMap) bool { return f.MayMatch(z) && other(z) }
	} else {
		opt.Filter = f.MayMatch
	}
	opt.Keys = append(opt.Keys, f.keys...)
	opt.Since, opt.Until = f.times()
	opt.OnDamage = f.view.damage(opt.OnDamage)
	matches := f.Matches(j)
	return j.Scan(opt, func(ordinal uint64, r uapi.Record) error {
		if !matches(ordinal, r) {
			return f.Err()
		}
		return fn(ordinal, r)
	})
}
