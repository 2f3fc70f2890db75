// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"time"

	"vexj/uapi"
)

// Conditions say which records are wanted. All that are set must hold; of a
// list, one.
type Conditions struct {
	Types     []uapi.Type // see ParseTypes
	Paths     []string    // patterns, see the package documentation
	PIDs      []uint32
	UIDs      []uint32 // of the acting thread: fsuid
	Commands  []string // of the acting thread: comm; patterns, in which a slash is nothing special
	Inodes    []uint64 // of the object or the second object, on whichever device
	Agents    []string // agent ids
	Sessions  []uint64
	Since     time.Time
	Until     time.Time // not included
	Failed    bool
	Succeeded bool
	Truncated bool // some path is cut
}

const cutPaths = uapi.FlagPathTruncated | uapi.FlagPath2Truncated

// Compile returns the filter, which takes nothing that is not in the view. An
// error wraps ErrPattern, ErrCondition or ErrView.
func (c Conditions) Compile(view View) (*Filter, error) {
	if err := view.Check(); err != nil {
		return nil, err
	}
	f := &Filter{view: view, types: newTypeSet(c.Types), pids: c.PIDs, uids: c.UIDs, inodes: c.Inodes, agents: c.Agents, sessions: c.Sessions}
	if !c.Since.IsZero() {
		f.timed, f.since = true, c.Since.UnixNano()
	}
	f.until = maxTime
	if !c.Until.IsZero() {
		f.timed, f.until = true, c.Until.UnixNano()
		if !c.Since.IsZero() && !c.Since.Before(c.Until) {
			return nil, fmt.Errorf("%w: since %s is not before until %s", ErrCondition,
				c.Since.Format(time.RFC3339Nano), c.Until.Format(time.RFC3339Nano))
		}
	}
	if c.Failed && c.Succeeded {
		return nil, fmt.Errorf("%w: no operation both failed and succeeded", ErrCondition)
	}
	if c.Failed || c.Succeeded {
		f.flagMask = uapi.FlagFailed
	}
	if c.Failed {
		f.flagWant = uapi.FlagFailed
	}
	if c.Truncated {
		f.flagAny = cutPaths
	}
	for _, p := range c.Paths {
		globs, err := compileGlobs(p)
		if err != nil {
			return nil, err
		}
		f.paths = append(f.paths, globs...)
	}
	for _, p := range c.Commands {
		alternatives, err := expand(p)
		if err != nil {
			return nil, fmt.Errorf("command: %w", err)
		}
		for _, a := range alternatives {
			f.commands = append(f.commands, compileComponent(a))
		}
	}
	f.wanted = f.facts()
	f.keys = f.makeKeys()
	return f, nil
}
