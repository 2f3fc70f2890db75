// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"fmt"
	"math"
	"slices"

	"vexj/uapi"
)

// mostContexts may be set at a time, as in the kernel producers.
const mostContexts = 1024

// An attribution is a context that is set. What records need of it does not change.
type attribution struct {
	uapi.Context
	start uint64       // of the tree's first process
	outer *attribution // that it lies over; under the lock of the kinship
	group string       // of a control group: from the root of the hierarchy
	agent []byte
}

func newAttribution(c *uapi.Context) *attribution {
	a := &attribution{Context: *c, agent: []byte(c.Agent)}
	a.Processes = 0
	a.Settle()
	return a
}

// add adds it to a record, but for what is in the header.
func (a *attribution) add(b *uapi.Builder) {
	if len(a.agent) > 0 {
		b.AddBytes(uapi.AttrAgentID, a.agent)
	}
	if a.Session != 0 {
		b.AddU64(uapi.AttrSession, a.Session)
	}
}

// SetContext sets or replaces the attribution of a process tree or control group. It
// stays until it is cleared, or the last process of the tree ended. Of two that a
// process is in, a tree's counts before a control group's, and a nearer one before
// a farther.
func (p *Producer) SetContext(c uapi.Context) error {
	if err := check(&c); err != nil {
		return err
	}
	a := newAttribution(&c)
	if c.Cgroup == 0 {
		return p.kin.setTree(a)
	}
	group, err := groupPath(c.Cgroup)
	if err != nil {
		return fmt.Errorf("%w: no control group has the id %d", uapi.ErrContext, c.Cgroup)
	}
	a.group = group
	return p.kin.setGroup(a)
}

// ClearContext ends the attribution of a process tree or control group: PID or
// Cgroup of c says of which.
func (p *Producer) ClearContext(c uapi.Context) error {
	only := uapi.Context{PID: c.PID, Cgroup: c.Cgroup}
	if err := check(&only); err != nil {
		return err
	}
	return p.kin.clear(&only)
}

// Contexts returns those that are set.
func (p *Producer) Contexts() ([]uapi.Context, error) { return p.kin.list(), nil }

// ContextOf returns what a process's records carry now; false: nothing.
func (p *Producer) ContextOf(pid uint32) (uapi.Context, bool, error) {
	t := p.tasks.get(pid, p.clock.now())
	if t == nobodyKnown {
		return uapi.Context{}, false, noProcess(pid)
	}
	a := p.kin.stands(t).context
	if a == nil {
		return uapi.Context{}, false, nil
	}
	return a.Context, true, nil
}

func check(c *uapi.Context) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.PID > math.MaxInt32 {
		return noProcess(c.PID)
	}
	return nil
}

func noProcess(pid uint32) error {
	return fmt.Errorf("%w: there is no process %d", uapi.ErrContext, pid)
}

// list returns the contexts that are set, without those whose tree has ended.
func (k *kinship) list() []uapi.Context {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drain()
	k.sweep()
	out := make([]uapi.Context, len(k.contexts))
	for i, a := range k.contexts {
		out[i] = a.Context
		out[i].Processes = a.Processes
	}
	return out
}

// lookup returns the last context of a tree or group: those before are of processes
// that are gone. The lock is held.
func (k *kinship) lookup(c *uapi.Context) *attribution {
	for _, a := range slices.Backward(k.contexts) {
		if a.PID == c.PID && a.Cgroup == c.Cgroup {
			return a
		}
	}
	return nil
}

// room makes sure that one more context may be set. The lock is held.
func (k *kinship) room() error {
	if len(k.contexts) >= mostContexts {
		k.sweep()
	}
	if len(k.contexts) >= mostContexts {
		return fmt.Errorf("%w: %d are set; clear one first", uapi.ErrContext, len(k.contexts))
	}
	return nil
}

func (k *kinship) setGroup(a *attribution) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.changed()
	if old := k.lookup(&a.Context); old != nil {
		k.contexts[slices.Index(k.contexts, old)] = a
		return nil
	}
	if err := k.room(); err != nil {
		return err
	}
	k.contexts = append(k.contexts, a)
	return nil
}

func (k *kinship) setTree(a *attribution) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.changed()
	k.listen()
	k.drain()
	first, err := statOf(a.PID)
	if err != nil {
		k.quiet()
		return noProcess(a.PID)
	}
	a.start = first.start
	old := k.find(a.PID, first).context
	if old != nil && old.PID == a.PID && old.start == a.start {
		k.relay(old, a)
		a.outer = old.outer
		k.contexts[slices.Index(k.contexts, old)] = a
		k.reattribute(old, a)
		return nil
	}
	if err := k.room(); err != nil {
		k.quiet()
		return err
	}
	a.outer = old
	k.contexts = append(k.contexts, a)
	k.spread(a.PID, first.start, func(e *entry, known bool) bool {
		if known && e.context != old {
			return false
		}
		e.context = a
		return true
	})
	return nil
}

func (k *kinship) clear(c *uapi.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.lookup(c)
	if a == nil {
		return fmt.Errorf("%w: none is set there", uapi.ErrContext)
	}
	defer k.changed()
	k.drain()
	k.reattribute(a, a.outer)
	k.drop(a)
	return nil
}

// relay says that contexts that lay over one lie over another. The lock is held.
func (k *kinship) relay(old, over *attribution) {
	for _, a := range k.contexts {
		if a.outer == old {
			a.outer = over
		}
	}
}

// reattribute gives all that have one context another, or none. The lock is held.
func (k *kinship) reattribute(old, to *attribution) {
	for pid, e := range k.of {
		if e.context == old {
			e.context = to
			k.put(pid, e)
		}
	}
}

// drop takes a context that nobody has off the list. The lock is held.
func (k *kinship) drop(a *attribution) {
	k.relay(a, a.outer)
	k.contexts = slices.DeleteFunc(k.contexts, func(x *attribution) bool { return x == a })
	k.quiet()
}

// groupContext is the nearest control group's that a process is in. The lock is held.
func (k *kinship) groupContext(t *task) *attribution {
	var near *attribution
	for _, a := range k.contexts {
		if a.Cgroup != 0 && below(t.cgroup, a.group) && (near == nil || len(a.group) > len(near.group)) &&
			groupID(a.group) == a.Cgroup { // and not another of the same name
			near = a
		}
	}
	return near
}
