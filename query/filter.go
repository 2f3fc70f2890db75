// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

const maxTime = math.MaxInt64

// Filter is compiled [Conditions]. It does not change: any number of goroutines
// may ask it.
type Filter struct {
	types    *typeSet // nil: any
	pids     []uint32
	flagMask uapi.Flags // of these, exactly flagWant must be set
	flagWant uapi.Flags
	flagAny  uapi.Flags // of these, one

	attrs    bool // some condition is about an attribute
	paths    []glob
	uids     []uint32
	commands []component

	timed bool
	since int64 // ns since 1970
	until int64
}

// Match reports whether the record meets all conditions but those about time,
// which the record alone cannot answer: see [Filter.Within].
func (f *Filter) Match(r uapi.Record) bool {
	if f.types != nil && !f.types.has(r.Type()) {
		return false
	}
	if len(f.pids) > 0 && !slices.Contains(f.pids, r.PID()) {
		return false
	}
	flags := r.Flags()
	if flags&f.flagMask != f.flagWant || f.flagAny != 0 && flags&f.flagAny == 0 {
		return false
	}
	return !f.attrs || f.matchAttrs(r)
}

// matchAttrs goes over the attributes once.
func (f *Filter) matchAttrs(r uapi.Record) bool {
	path := len(f.paths) == 0
	task := len(f.uids)+len(f.commands) == 0
	for tag, v := range r.Attrs() {
		switch {
		case tag == uapi.AttrTask && !task:
			if !f.matchTask(v) {
				return false
			}
			task = true
		case (tag == uapi.AttrPath || tag == uapi.AttrPath2) && !path:
			path = f.matchPath(v)
		}
		if path && task {
			return true
		}
	}
	return false
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
		return f.Match(r) && f.Within(j.WallTime(ordinal, r.Ktime()))
	}
}

// Scan is j.Scan for those records alone that the filter takes; blocks in which
// there can be none are not read. It sets opt.Filter, keeping the one that is
// there.
func (f *Filter) Scan(j Journal, opt userjournal.ScanOptions, fn func(ordinal uint64, r uapi.Record) error) error {
	if other := opt.Filter; other != nil {
		opt.Filter = func(z *userjournal.ZoneMap) bool { return f.MayMatch(z) && other(z) }
	} else {
		opt.Filter = f.MayMatch
	}
	matches := f.Matches(j)
	return j.Scan(opt, func(ordinal uint64, r uapi.Record) error {
		if !matches(ordinal, r) {
			return nil
		}
		return fn(ordinal, r)
	})
}
