// SPDX-License-Identifier: Apache-2.0

package query

import (
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// makeKeys is what the indexes of a journal can be asked: a group of keys for
// each condition that they know of.
func (f *Filter) makeKeys() (groups [][]userjournal.Key) {
	add := func(keys []userjournal.Key) {
		if len(keys) > 0 {
			groups = append(groups, keys)
		}
	}
	defer func() {
		for i := range groups {
			if f.losses {
				groups[i] = append(groups[i], userjournal.TypeKey(uapi.SysLost))
			}
		}
		groups = append(f.view.keys(), groups...)
	}()
	add(f.pathKeys())
	add(keysOf(f.inodes, userjournal.InodeKey))
	add(keysOf(f.agents, func(id string) userjournal.Key { return userjournal.AgentKey([]byte(id)) }))
	add(keysOf(f.sessions, userjournal.SessionKey))
	add(keysOf(f.pids, userjournal.PIDKey))
	add(keysOf(f.parents, userjournal.ParentKey))
	add(keysOf(f.roots, userjournal.RootKey))
	if f.types != nil {
		add(keysOf(f.types.list, userjournal.TypeKey))
	}
	for _, key := range flagKeys(f.flagWant) {
		add([]userjournal.Key{key})
	}
	if f.flagAny != 0 {
		add(flagKeys(f.flagAny))
	}
	return groups
}

func keysOf[T any](wanted []T, key func(T) userjournal.Key) (keys []userjournal.Key) {
	for _, w := range wanted {
		keys = append(keys, key(w))
	}
	return keys
}

// pathKeys are none if one of the patterns may match anywhere.
func (f *Filter) pathKeys() (keys []userjournal.Key) {
	for i := range f.paths {
		some := userjournal.PathKeys(f.paths[i].dir)
		if some == nil {
			return nil
		}
		keys = append(keys, some...)
	}
	return keys
}

func flagKeys(flags uapi.Flags) (keys []userjournal.Key) {
	for ; flags != 0; flags &= flags - 1 {
		keys = append(keys, userjournal.FlagKey(flags&-flags))
	}
	return keys
}

// times are zero where there is no condition.
func (f *Filter) times() (since, until time.Time) {
	if !f.timed {
		return since, until
	}
	if f.since != 0 {
		since = time.Unix(0, f.since)
	}
	if f.until != maxTime {
		until = time.Unix(0, f.until)
	}
	return since, until
}
