// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"vexj/uapi"
	"vexj/userjournal"
)

// A View is what a reader may see of a journal. Its zero value sees nothing, so
// that a door that forgets to set one is shut. A record that is not in the view is
// to its reader as if it had never been written: whatever answers a question takes
// a view before it counts, follows or names anything.
type View struct {
	// Mask has a bit in common with the agent_visibility_mask of each record in
	// the view. That of [All] takes a record without any bit too.
	Mask uint64
	// Paths are folders, absolute and clean. If there are any, a record is in
	// the view if it has a path, and each of its paths is one of them or below
	// one. The target of a symbolic link is content and no path of the record.
	Paths []string
	// Agents are agent ids. If there are any, a record is in the view if it is
	// attributed to one of them.
	Agents []string
}

// All is the view of a journal's owner.
var All = View{Mask: math.MaxUint64}

// Whole reports whether everything is in the view.
func (v View) Whole() bool { return v.Mask == math.MaxUint64 && len(v.Paths)+len(v.Agents) == 0 }

// Check returns an error that wraps ErrView if a path cannot be one of a record.
func (v View) Check() error {
	for _, p := range v.Paths {
		if !path.IsAbs(p) || path.Clean(p) != p {
			return fmt.Errorf("%w: folder %q; give an absolute path without . .. or a slash at its end", ErrView, p)
		}
	}
	return nil
}

// Shows returns nil if the record between two positions that [userjournal.Set.Seek]
// returned is in the view, and what Seek returns of a record that is not there if it is
// not.
func (v View) Shows(set *userjournal.Set, before, behind userjournal.Position) error {
	ordinal, ok := before.To(behind)
	if !ok {
		return nil
	}
	rec, err := set.Get(ordinal)
	if err == nil && !v.Sees(rec) {
		err = fmt.Errorf("%w: it names no record: %w", userjournal.ErrCursor, userjournal.ErrNotFound)
	}
	return err
}

// Narrow returns what is in both views.
func (v View) Narrow(w View) View {
	both := View{Mask: v.Mask & w.Mask}
	paths, pathsMeet := meet(v.Paths, w.Paths, func(p, q string) (string, bool) {
		if inside([]byte(p), []byte(q)) {
			return p, true
		}
		return q, inside([]byte(q), []byte(p))
	})
	agents, agentsMeet := meet(v.Agents, w.Agents, func(a, b string) (string, bool) { return a, a == b })
	if !pathsMeet || !agentsMeet {
		return View{}
	}
	both.Paths, both.Agents = paths, agents
	return both
}

// meet is the intersection of two lists, each of which stands for everything if
// it is empty; ok is false if nothing is in both.
func meet(a, b []string, both func(a, b string) (string, bool)) (list []string, ok bool) {
	if len(a) == 0 || len(b) == 0 {
		return slices.Concat(a, b), true
	}
	for _, x := range a {
		for _, y := range b {
			if z, ok := both(x, y); ok && !slices.Contains(list, z) {
				list = append(list, z)
			}
		}
	}
	return list, len(list) > 0
}

// Sees reports whether the record is in the view.
func (v *View) Sees(r uapi.Record) bool {
	if v.Mask != math.MaxUint64 && r.VisibilityMask()&v.Mask == 0 {
		return false
	}
	return len(v.Paths)+len(v.Agents) == 0 || v.seesAttrs(r)
}

func (v *View) seesAttrs(r uapi.Record) bool {
	path, agent := len(v.Paths) == 0, len(v.Agents) == 0
	for tag, value := range r.Attrs() {
		switch {
		case tag == uapi.AttrPath, tag == uapi.AttrPath2 && r.Type() != uapi.FSSymlink:
			if len(v.Paths) == 0 {
				continue
			}
			if !v.seesPath(value) {
				return false
			}
			path = true
		case tag == uapi.AttrAgentID && !agent:
			if agent = v.seesAgent(value); !agent {
				return false
			}
		}
	}
	return path && agent
}

func (v *View) seesPath(p []byte) bool {
	for _, dir := range v.Paths {
		if len(p) >= len(dir) && string(p[:len(dir)]) == dir && (len(p) == len(dir) || dir == "/" || p[len(dir)] == '/') {
			return !climbs(p)
		}
	}
	return false
}

// climbs: a path that was not resolved may name something else than it begins
// with.
func climbs(p []byte) bool {
	return bytes.Contains(p, []byte("/../")) || bytes.HasSuffix(p, []byte("/.."))
}

func (v *View) seesAgent(id []byte) bool {
	for _, a := range v.Agents {
		if string(id) == a {
			return true
		}
	}
	return false
}

// inside: the path p is the folder dir or below it.
func inside(p, dir []byte) bool {
	return bytes.HasPrefix(p, dir) && (len(p) == len(dir) || len(dir) == 1 || p[len(dir)] == '/')
}

// mayHave reports whether a record of the view can be in the block. False is
// certain.
func (v *View) mayHave(z *userjournal.ZoneMap) bool {
	if v.Mask != math.MaxUint64 && z.Visibility&v.Mask == 0 {
		return false
	}
	return may(v.Paths, func(p string) bool { return z.MayHavePath(v.root(p)) }) &&
		may(v.Agents, func(id string) bool { return z.MayHaveAgent([]byte(id)) })
}

// root is how keys spell the folder: the root has no name.
func (v *View) root(p string) []byte { return []byte(strings.TrimSuffix(p, "/")) }

// keys are what the indexes of a journal can be asked for.
func (v *View) keys() (groups [][]userjournal.Key) {
	var paths []userjournal.Key
	for _, p := range v.Paths {
		some := userjournal.PathKeys(v.root(p))
		if some == nil {
			paths = nil
			break
		}
		paths = append(paths, some...)
	}
	if len(paths) > 0 {
		groups = append(groups, paths)
	}
	if len(v.Agents) > 0 {
		groups = append(groups, keysOf(v.Agents, func(id string) userjournal.Key { return userjournal.AgentKey([]byte(id)) }))
	}
	return groups
}

// damage is what a reader with the view may know of damage: that there is some,
// and not how many records it costs, which may be others.
func (v View) damage(tell func(*userjournal.DamageError) error) func(*userjournal.DamageError) error {
	if v.Whole() {
		return tell
	}
	return func(*userjournal.DamageError) error {
		d := &userjournal.DamageError{Segment: "journal", First: 1, Err: errPart}
		if tell == nil {
			return d
		}
		return tell(d)
	}
}
