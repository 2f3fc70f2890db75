// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

const (
	maxContexts  = 1024 // as with the module
	maxNodes     = 4096
	contextAttrs = 80
	noNode       = uint32(0)
)

// contextMaps are the names of the maps that hold what is set.
var contextMaps = []string{"attributed", "contexts", "nodes", "kins", "groups"}

// contexts is what is set, for the producers that share it: one that takes over from
// another keeps its contexts, and both inherit them at a fork while both are at work.
// See context.h for what lies in the maps.
type contexts struct {
	mu     sync.Mutex // guards all; held while the kernel is asked
	maps   map[string]*ebpf.Map
	mem    []byte // attributed
	nodes  []byte // nodes, mapped
	users  int    // producers that hold it
	trees  []tree
	groups map[uint64]*setContext
	free   []uint32 // indices of contexts
	next   uint32   // the lowest index that was never used
}

// A setContext is one that holds.
type setContext struct {
	uapi.Context
	index uint32
}

// A tree is a context that was set on one. When it was cleared its node may still be
// had by processes, and stands for another's.
type tree struct {
	setContext
	node  uint32
	outer uint32 // node of what lies below it; 0: nothing
	start uint64 // of the process
}

func (p *Producer) newContexts() (*contexts, error) {
	c := &contexts{maps: map[string]*ebpf.Map{}, groups: map[uint64]*setContext{}, next: 1}
	for _, name := range contextMaps {
		m, err := p.coll.Maps[name].Clone()
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.maps[name] = m
	}
	var err error
	if c.mem, err = mapArray(c.maps["attributed"], int(unsafe.Sizeof(syscallDirectAttributed{}))); err == nil {
		c.nodes, err = mapArray(c.maps["nodes"], maxNodes*int(unsafe.Sizeof(syscallDirectNode{})))
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.users = 1
	return c, nil
}

func (c *contexts) share() *contexts {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users++
	return c
}

// drop gives up a producer's hold.
func (c *contexts) drop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.users > 0 {
		return nil
	}
	return c.close()
}

func (c *contexts) close() error {
	var errs []error
	for _, mem := range [...]*[]byte{&c.mem, &c.nodes} {
		if *mem != nil {
			errs = append(errs, unix.Munmap(*mem))
			*mem = nil
		}
	}
	for _, m := range c.maps {
		errs = append(errs, m.Close())
	}
	c.maps = nil
	return errors.Join(errs...)
}

func (c *contexts) node(n uint32) *syscallDirectNode {
	return (*syscallDirectNode)(unsafe.Pointer(&c.nodes[int(n)*int(unsafe.Sizeof(syscallDirectNode{}))]))
}

func (c *contexts) processes(n uint32) uint64 { return atomic.LoadUint64(&c.node(n).Processes) }

// publish tells the programs whether there is anything to look up.
func (c *contexts) publish() {
	a := (*syscallDirectAttributed)(unsafe.Pointer(&c.mem[0]))
	// After what they lead to was written.
	atomic.StoreUint32(&a.Trees, uint32(len(c.trees)))
	atomic.StoreUint32(&a.Groups, uint32(len(c.groups)))
}

// put writes a context where nothing leads to yet.
func (c *contexts) put(ctx uapi.Context) (uint32, error) {
	v := syscallDirectContext{Parent: ctx.Parent, Root: ctx.Root, Visibility: ctx.Visibility}
	at := v.Attrs[:0]
	if ctx.Agent != "" {
		at = appendAttr(at, uapi.AttrAgentID, []byte(ctx.Agent))
	}
	if ctx.Session != 0 {
		at = appendAttr(at, uapi.AttrSession, binary.LittleEndian.AppendUint64(nil, ctx.Session))
	}
	v.AttrsLen = uint32(len(at))
	i := c.next
	if n := len(c.free); n > 0 {
		i = c.free[n-1]
	}
	if err := c.maps["contexts"].Put(i, &v); err != nil {
		return 0, err
	}
	if i == c.next {
		c.next++
	} else {
		c.free = c.free[:len(c.free)-1]
	}
	return i, nil
}

func appendAttr(dst []byte, tag uapi.Tag, v []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(tag))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(v)))
	dst = append(dst, v...)
	for len(dst)%uapi.Align != 0 {
		dst = append(dst, 0)
	}
	return dst
}

// set is how many hold.
func (c *contexts) set() int {
	n := len(c.groups)
	for i := range c.trees {
		if c.trees[i].index != 0 {
			n++
		}
	}
	return n
}

// of finds the tree of a node.
func (c *contexts) of(node uint32) *tree {
	for i := range c.trees {
		if c.trees[i].node == node {
			return &c.trees[i]
		}
	}
	return nil
}

// standsFor is the node whose context the processes of a node have now.
func (c *contexts) standsFor(node uint32) uint32 {
	if node == noNode {
		return noNode
	}
	return atomic.LoadUint32(&c.node(node).StandsFor)
}

// uncover makes a node stand for what lies below it, and so what stood for it.
func (c *contexts) uncover(t *tree) (index uint32) {
	index = t.index
	t.index = 0
	below := c.standsFor(t.outer)
	for i := range c.trees {
		if o := &c.trees[i]; c.standsFor(o.node) == t.node {
			atomic.StoreUint32(&c.node(o.node).StandsFor, below)
		}
	}
	return index
}

// tidy forgets the trees that have ended: contexts over them lie over what was below.
func (c *contexts) tidy() (freed []uint32) {
	var kept, gone []tree
	for i := range c.trees {
		t := &c.trees[i]
		if c.processes(t.node) > 0 {
			continue
		}
		if t.index != 0 {
			freed = append(freed, c.uncover(t))
		}
		gone = append(gone, *t)
	}
	if gone == nil {
		return nil
	}
	for _, t := range c.trees {
		if !slices.ContainsFunc(gone, func(g tree) bool { return g.node == t.node }) {
			kept = append(kept, t)
		}
	}
	// What lies over another is behind it in the list.
	for _, g := range slices.Backward(gone) {
		for i := range kept {
			if kept[i].outer == g.node {
				kept[i].outer = g.outer
			}
		}
	}
	c.trees = kept
	return freed
}

// sweep forgets processes that are gone and whose end no program was told of: that can
// be where the kernel frees a task in the context of one that it runs no programs for,
// or that they are preempted in more often than they have stand-ins. A program that is
// late finds nothing to forget.
func (c *contexts) sweep() error {
	var key syscallDirectKinKey
	var node uint32
	gone := map[syscallDirectKinKey]uint32{}
	processes := c.maps["kins"].Iterate()
	for processes.Next(&key, &node) {
		// Whatever has the number now is taken for it.
		if unix.Kill(int(key.Tgid), 0) == unix.ESRCH {
			gone[key] = node
		}
	}
	// What the walk missed, as processes came and went, is found by the next.
	if err := processes.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
		return fmt.Errorf("looking for processes that have ended: %w", err)
	}
	for key, node := range gone {
		switch err := c.maps["kins"].Delete(key); {
		case err == nil:
			atomic.AddUint64(&c.node(node).Processes, ^uint64(0))
		case !errors.Is(err, ebpf.ErrKeyNotExist):
			return fmt.Errorf("forgetting a process that has ended: %w", err)
		}
	}
	return nil
}

// newNode finds one that nobody has.
func (c *contexts) newNode() uint32 {
	used := map[uint32]bool{}
	for i := range c.trees {
		used[c.trees[i].node] = true
	}
	for n := uint32(1); n < maxNodes; n++ {
		if !used[n] {
			return n
		}
	}
	return noNode
}

var errTooMany = fmt.Errorf("%w: too many are set; clear one first", uapi.ErrContext)

// SetContext sets or replaces the attribution of a process tree or control group, as
// the module does. That of a tree ends with its last process; that of a control group
// is there until it is cleared.
func (p *Producer) SetContext(ctx uapi.Context) error {
	if err := ctx.Check(); err != nil {
		return err
	}
	if ctx.PID != 0 && p.nested {
		return fmt.Errorf("%w: of process %d: %w", uapi.ErrContext, ctx.PID, ErrNamespace)
	}
	ctx.Settle()
	c := p.contexts
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := p.clearAway(c.tidy()); err != nil {
		return err
	}
	if c.set() >= maxContexts || len(c.trees) >= maxNodes-1 {
		if err := errors.Join(c.sweep(), p.clearAway(c.tidy())); err != nil {
			return err
		}
	}
	defer c.publish()
	if c.set() >= maxContexts {
		return errTooMany
	}
	index, err := c.put(ctx)
	if err != nil {
		return fmt.Errorf("setting a context: %w", err)
	}
	if ctx.PID != 0 {
		err = p.setOnTree(setContext{ctx, index})
	} else {
		err = p.setOnGroup(setContext{ctx, index})
	}
	if err != nil {
		c.free = append(c.free, index)
	}
	return err
}

func (p *Producer) setOnGroup(s setContext) error {
	c := p.contexts
	if err := c.maps["groups"].Put(s.Cgroup, s.index); err != nil {
		return fmt.Errorf("setting a context: %w", err)
	}
	old := c.groups[s.Cgroup]
	c.groups[s.Cgroup] = &s
	if old == nil {
		return nil
	}
	return p.clearAway([]uint32{old.index})
}

func (p *Producer) setOnTree(s setContext) error {
	c := p.contexts
	found, err := p.errand(syscallDirectErrand{Root: s.PID})
	switch {
	case err != nil:
		return err
	case found.Found == 0:
		return fmt.Errorf("%w: there is no process %d", uapi.ErrContext, s.PID)
	}
	below := c.standsFor(found.Kin)
	if old := c.of(below); old != nil && old.index != 0 && old.PID == s.PID && old.start == found.Start {
		index := old.index
		old.setContext = s
		atomic.StoreUint32(&c.node(old.node).Context, s.index)
		return p.clearAway([]uint32{index})
	}
	node := c.newNode()
	if node == noNode {
		return errTooMany
	}
	*c.node(node) = syscallDirectNode{Context: s.index, StandsFor: node}
	c.trees = append(c.trees, tree{s, node, below, found.Start})
	c.publish()
	if err := p.spread(s.PID, found.Start, node, below); err != nil {
		// As far as it came it stands for what was there before.
		c.uncover(&c.trees[len(c.trees)-1])
		return errors.Join(err, p.quiesce())
	}
	return nil
}

// spread gives a node to a process and to its descendants, but for those that act for
// somebody else than it has so far.
func (p *Producer) spread(pid uint32, start uint64, node, displaced uint32) error {
	for first := true; ; first = false {
		e, err := p.errand(syscallDirectErrand{Root: pid, Start: start, Node: node, Displaced: displaced})
		switch {
		case err != nil:
			return err
		case e.Failed > 0:
			return fmt.Errorf("%w: there is no room for so many processes", uapi.ErrContext)
		case first && e.Given == 0:
			return fmt.Errorf("%w: process %d has ended meanwhile", uapi.ErrContext, pid)
		case e.Given == 0:
			return nil
		}
		// A fork that has looked at its parent before this pass is done with it.
		if err := p.quiesce(); err != nil {
			return err
		}
	}
}

// errand has the kernel go over all processes once.
func (p *Producer) errand(e syscallDirectErrand) (syscallDirectErrand, error) {
	if p.kin == nil {
		return e, fmt.Errorf("%w: this kernel has no iterator of tasks for programs: use a control group", uapi.ErrContext)
	}
	if err := p.coll.Maps["errands"].Put(uint32(0), &e); err != nil {
		return e, err
	}
	pass, err := p.kin.Open()
	if err != nil {
		return e, fmt.Errorf("going over the processes: %w", err)
	}
	_, err = io.Copy(io.Discard, pass)
	if err = errors.Join(err, pass.Close()); err != nil {
		return e, fmt.Errorf("going over the processes: %w", err)
	}
	return e, p.coll.Maps["errands"].Lookup(uint32(0), &e)
}

// clearAway gives indices back that nothing leads to any more.
func (p *Producer) clearAway(indices []uint32) error {
	if len(indices) == 0 {
		return nil
	}
	// A record that is being made may have come there before.
	err := p.quiesce()
	if err == nil {
		p.contexts.free = append(p.contexts.free, indices...)
	}
	return err
}

var errNoneSet = fmt.Errorf("%w: none is set there", uapi.ErrContext)

// ClearContext ends the attribution of a process tree or control group: PID or Cgroup
// of ctx says of which.
func (p *Producer) ClearContext(ctx uapi.Context) error {
	if err := (&uapi.Context{PID: ctx.PID, Cgroup: ctx.Cgroup}).Check(); err != nil {
		return err
	}
	c := p.contexts
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.publish()
	freed := c.tidy()
	if ctx.Cgroup != 0 {
		old := c.groups[ctx.Cgroup]
		if old == nil {
			return errors.Join(errNoneSet, p.clearAway(freed))
		}
		if err := c.maps["groups"].Delete(ctx.Cgroup); err != nil {
			return fmt.Errorf("clearing a context: %w", err)
		}
		delete(c.groups, ctx.Cgroup)
		return p.clearAway(append(freed, old.index))
	}
	// The last one of a number: those before are of processes that are gone.
	for i := len(c.trees) - 1; i >= 0; i-- {
		if t := &c.trees[i]; t.PID == ctx.PID && t.index != 0 {
			return p.clearAway(append(freed, c.uncover(t)))
		}
	}
	return errors.Join(errNoneSet, p.clearAway(freed))
}

// Contexts returns those that are set: of trees in the order in which they were set,
// then of control groups by their ids.
func (p *Producer) Contexts() ([]uapi.Context, error) {
	c := p.contexts
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.publish()
	if len(c.trees) > 0 {
		if err := c.sweep(); err != nil {
			return nil, err
		}
	}
	if err := p.clearAway(c.tidy()); err != nil {
		return nil, err
	}
	var all []uapi.Context
	for i := range c.trees {
		if t := &c.trees[i]; t.index != 0 {
			ctx := t.Context
			n := uint64(0)
			for j := range c.trees {
				if c.standsFor(c.trees[j].node) == t.node {
					n += c.processes(c.trees[j].node)
				}
			}
			ctx.Processes = int(min(n, math.MaxInt32))
			all = append(all, ctx)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		all = append(all, c.groups[id].Context)
	}
	return all, nil
}

// ContextOf returns for whom a process acts now.
func (p *Producer) ContextOf(pid uint32) (uapi.Context, bool, error) {
	c := p.contexts
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.trees)+len(c.groups) == 0 {
		return uapi.Context{}, false, nil
	}
	found, err := p.errand(syscallDirectErrand{Root: pid})
	if err != nil || found.Found == 0 {
		return uapi.Context{}, false, err
	}
	if t := c.of(c.standsFor(found.Kin)); t != nil && t.index != 0 {
		return t.Context, true, nil
	}
	if g := c.groups[found.Group]; g != nil {
		return g.Context, true, nil
	}
	return uapi.Context{}, false, nil
}

// iterate makes the iterator of tasks ready.
func (p *Producer) iterate(prog *ebpf.Program) error {
	it, err := link.AttachIter(link.IterOptions{Program: prog})
	if err != nil {
		return err
	}
	p.kin = it
	return nil
}
