// SPDX-License-Identifier: Apache-2.0

package query

import (
	"slices"

	"vexj/uapi"
	"vexj/userjournal"
)

// MayMatch reports whether a record that the filter takes, time included, can
// be in the block with that zone map. False is certain.
func (f *Filter) MayMatch(z *userjournal.ZoneMap) bool {
	if !f.view.mayHave(z) {
		return false
	}
	if f.timed && (z.MaxTime().UnixNano() < f.since || z.MinTime().UnixNano() >= f.until) {
		return false
	}
	if f.losses && z.MayHaveType(uapi.SysLost) {
		return true
	}
	// A zone map tells which flags some record has, not which some record lacks.
	if z.Flags&f.flagWant != f.flagWant || f.flagAny != 0 && z.Flags&f.flagAny == 0 {
		return false
	}
	return f.mayHaveType(z) && may(f.pids, z.MayHavePID) && f.mayHavePath(z) &&
		may(f.inodes, z.MayHaveInode) && may(f.sessions, z.MayHaveSession) &&
		may(f.agents, func(id string) bool { return z.MayHaveAgent([]byte(id)) })
}

func (f *Filter) mayHaveType(z *userjournal.ZoneMap) bool {
	if len(f.categories) > 0 && !slices.ContainsFunc(f.categories, func(c uapi.Category) bool { return mayHaveCategory(z, c) }) {
		return false
	}
	if f.types == nil {
		return true
	}
	for _, t := range f.types.list {
		if z.MayHaveType(t) {
			return true
		}
	}
	return false
}

// mayHaveCategory asks for one type of each of those that a zone map can tell
// apart.
func mayHaveCategory(z *userjournal.ZoneMap, c uapi.Category) bool {
	for op := range uapi.Type(0x20) {
		if z.MayHaveType(uapi.Type(c)|op) || z.MayHaveType(uapi.Type(c)|0x40|op) {
			return true
		}
	}
	return false
}

func (f *Filter) mayHavePath(z *userjournal.ZoneMap) bool {
	for i := range f.paths {
		if z.MayHavePath(f.paths[i].dir) {
			return true
		}
	}
	return len(f.paths) == 0
}

func may[T any](wanted []T, has func(T) bool) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, has)
}
