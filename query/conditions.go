// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"fmt"
	"time"

	"vexj/query/where"
	"vexj/uapi"
)

// Conditions say which records are wanted. All that are set must hold; of a
// list, one.
type Conditions struct {
	Types        []uapi.Type // see ParseTypes
	Categories   []uapi.Category
	Paths        []string // patterns, see the package documentation
	PIDs         []uint32
	UIDs         []uint32 // of the acting thread: fsuid
	Commands     []string // of the acting thread: comm; patterns, in which a slash is nothing special
	Inodes       []uint64 // of the object or the second object, on whichever device
	Agents       []string // agent ids
	Sessions     []uint64
	Transactions []uint64
	Chains       []uint64 // causality chains
	Parents      []uint64 // event ids: what the event caused directly
	Roots        []uint64 // event ids: what goes back to the event, but not itself
	// Tags are those of the TAGS attribute; see "Tags" in the package
	// documentation.
	Tags []string
	// MinPriority is the least urgent that will do: a priority is more urgent
	// the lower its number is. 0: any.
	MinPriority  uapi.Priority
	MinRelevance uint32     // 0 to 100
	Flags        uapi.Flags // all of them are set
	Where        string     // an expression, see package where
	Since        time.Time
	Until        time.Time // not included
	Failed       bool
	Succeeded    bool
	Truncated    bool // some path is cut
	// Losses takes records of losses besides, in the view and the time, whatever
	// else is asked for: who keeps a part of a journal has to know what is missing.
	Losses bool
}

const cutPaths = uapi.FlagPathTruncated | uapi.FlagPath2Truncated

// Compile returns the filter, which takes nothing that is not in the view. An
// error wraps ErrPattern, ErrCondition, ErrView, where.ErrExpression or
// where.ErrCost.
func (c Conditions) Compile(view View) (*Filter, error) {
	if err := view.Check(); err != nil {
		return nil, err
	}
	f := &Filter{
		view: view, types: newTypeSet(c.Types), categories: c.Categories, pids: c.PIDs,
		minPriority: c.MinPriority, minRelevance: c.MinRelevance,
		uids: c.UIDs, inodes: c.Inodes, agents: c.Agents, sessions: c.Sessions,
		transactions: c.Transactions, chains: c.Chains, tags: c.Tags,
		parents: c.Parents, roots: c.Roots, losses: c.Losses,
	}
	if err := errors.Join(f.setTimes(&c), f.setFlags(&c)); err != nil {
		return nil, err
	}
	if c.MinRelevance > maxRelevance {
		return nil, fmt.Errorf("%w: relevance is 0 to %d, not %d", ErrCondition, maxRelevance, c.MinRelevance)
	}
	if c.MinPriority > uapi.PriorityBackground {
		return nil, fmt.Errorf("%w: priority is %d to %d, not %d", ErrCondition,
			uapi.PriorityCritical, uapi.PriorityBackground, c.MinPriority)
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
	if c.Where != "" {
		var err error
		if f.where, err = where.Compile(c.Where); err != nil {
			return nil, err
		}
		f.timed = f.timed || f.where.Timed()
	}
	f.wanted = f.facts()
	f.keys = f.makeKeys()
	return f, nil
}

const maxRelevance = 100

func (f *Filter) setTimes(c *Conditions) error {
	if !c.Since.IsZero() {
		f.timed, f.since = true, c.Since.UnixNano()
	}
	f.until = maxTime
	if !c.Until.IsZero() {
		f.timed, f.until = true, c.Until.UnixNano()
		if !c.Since.IsZero() && !c.Since.Before(c.Until) {
			return fmt.Errorf("%w: since %s is not before until %s", ErrCondition,
				c.Since.Format(time.RFC3339Nano), c.Until.Format(time.RFC3339Nano))
		}
	}
	return nil
}

func (f *Filter) setFlags(c *Conditions) error {
	want := c.Flags
	if c.Failed {
		want |= uapi.FlagFailed
	}
	if c.Succeeded && want.Has(uapi.FlagFailed) {
		return fmt.Errorf("%w: no operation both failed and succeeded", ErrCondition)
	}
	f.flagMask, f.flagWant = want, want
	if c.Succeeded {
		f.flagMask |= uapi.FlagFailed
	}
	if c.Truncated {
		f.flagAny = cutPaths
	}
	return nil
}
