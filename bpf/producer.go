// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// A Producer is a program set at work in the kernel. It ends with the process
// that loaded it.
type Producer struct {
	set       set
	variant   string
	ringBytes int
	idBase    uint64
	cpus      int
	dcacheErr error
	nested    bool // its pids are not the kernel's: it is in a pid namespace of its own
	filter    uapi.Filter
	missing   map[string]string // why programs have no place, by program

	coll *ebpf.Collection
	kin  *link.Iter // over all processes; nil: this kernel has none

	contexts *contexts

	rings []*ebpf.Map

	// Mapped from the kernel; every access is atomic. counts holds one
	// element for each CPU, common the word that records are numbered from.
	countsMem, commonMem []byte

	mu    sync.Mutex // guards links
	links []link.Link
	hooks []uapi.Hook
}

// Rings returns the rings, by CPU. The descriptors belong to the producer.
func (p *Producer) Rings() []uapi.RingFD {
	out := make([]uapi.RingFD, len(p.rings))
	for i, m := range p.rings {
		out[i] = uapi.RingFD{FD: m.FD(), Size: p.ringBytes}
	}
	return out
}

// Set is the name of the program set, and Variant how it was compiled.
func (p *Producer) Set() string     { return p.set.name }
func (p *Producer) Variant() string { return p.variant }

// ID is the producer's number in event ids.
func (p *Producer) ID() uint32 { return uint32(p.set.producer) }

// IDBase is the event_id of global_sequence 0.
func (p *Producer) IDBase() uint64 { return p.idBase }

// NextSequence takes a global_sequence out of the programs' own counter.
func (p *Producer) NextSequence() uint64 {
	// Pairs with the programs' atomic fetch-and-add on the same word.
	return atomic.AddUint64(&p.common().GlobalSequence, 1)
}

// LastSequence is the highest global_sequence that was given out.
func (p *Producer) LastSequence() uint64 { return atomic.LoadUint64(&p.common().GlobalSequence) }

// Follow adds a process to those whose tree is recorded. The filter must have had
// one from the start.
func (p *Producer) Follow(tgid uint32) error {
	if p.nested {
		return fmt.Errorf("following the process %d: %w", tgid, ErrNamespace)
	}
	if err := p.coll.Maps["roots"].Put(tgid, uint8(1)); err != nil {
		return fmt.Errorf("following the process %d: %w", tgid, err)
	}
	// After the entry: a task that sees the new epoch finds it.
	atomic.AddUint64(&p.common().Epoch, 1)
	return nil
}

// Unfollow ends that for processes that are not recorded yet.
func (p *Producer) Unfollow(tgid uint32) error { return p.coll.Maps["roots"].Delete(tgid) }

// Filter returns the filter that holds.
func (p *Producer) Filter() (uapi.Filter, error) { return p.filter, nil }

// Hooks returns what was to be attached, and what was.
func (p *Producer) Hooks() []uapi.Hook { return append([]uapi.Hook(nil), p.hooks...) }

// Coverage says what the producer cannot see, a line each, and what it has not
// seen so far.
func (p *Producer) Coverage() []string {
	out := append([]string(nil), p.set.holes...)
	for _, h := range p.hooks {
		if !h.Placed {
			out = append(out, fmt.Sprintf("%s: %s could not be hooked: %s", h.Operation, h.Name, h.Why))
		}
	}
	if p.dcacheErr != nil {
		out = append(out, fmt.Sprintf("the objects and real paths of calls by name: %v", p.dcacheErr))
	}
	if p.nested {
		out = append(out, fmt.Sprintf("for which agents processes act, unless it is told by control group: %v", ErrNamespace))
	}
	if n := p.Blind(); n > 0 {
		out = append(out, fmt.Sprintf("%d 32-bit system calls that were made and not recorded", n))
	}
	missed, err := p.Nested()
	if err != nil {
		out = append(out, fmt.Sprintf("whether a program was not run because it was running on that CPU already: %v", err))
	}
	for _, name := range slices.Sorted(maps.Keys(missed)) {
		out = append(out, fmt.Sprintf("%d times when %s was not run because it was running on that CPU already", missed[name], name))
	}
	return out
}

// HoleRows names the rows and fields of the conformance table that what the
// producer cannot see makes differ.
func (p *Producer) HoleRows() []string { return p.set.rows }

// CPUCounters returns the counters of each CPU.
func (p *Producer) CPUCounters() []uapi.Counters {
	out := make([]uapi.Counters, p.cpus)
	for cpu := range out {
		c := p.counts(cpu)
		// Losses before attempts: a record is attempted first, so that no
		// more is ever lost than was attempted.
		for i := range out[cpu].Lost {
			out[cpu].Lost[i] = atomic.LoadUint64(&c.Lost[i])
		}
		out[cpu].Filtered = atomic.LoadUint64(&c.Filtered)
		out[cpu].Attempted = atomic.LoadUint64(&c.Attempted)
		out[cpu].Recorded = out[cpu].Attempted
		for _, n := range out[cpu].Lost {
			out[cpu].Recorded -= n
		}
	}
	return out
}

// Counters returns the sums over all CPUs.
func (p *Producer) Counters() uapi.Counters { return uapi.Sum(p.CPUCounters()) }

// Blind counts system calls of the tables that are not covered (32-bit).
func (p *Producer) Blind() uint64 {
	var sum uint64
	for cpu := range p.cpus {
		sum += atomic.LoadUint64(&p.counts(cpu).Blind)
	}
	return sum
}

// Nested counts how often the kernel did not run a program because it was
// running on that CPU already, wanted operations or not, by program. Of one that
// others stand in for it is the most that can have been. Where the kernel cannot
// be preempted in them there is none.
func (p *Producer) Nested() (map[string]uint64, error) {
	missed := map[string]uint64{}
	for name, prog := range p.coll.Programs {
		if program, ok := primary(name); ok {
			name = program
		}
		st, err := prog.Stats()
		if err != nil {
			return nil, err
		}
		n, known := missed[name]
		if !known || st.RecursionMisses < n {
			missed[name] = st.RecursionMisses
		}
	}
	maps.DeleteFunc(missed, func(_ string, n uint64) bool { return n == 0 })
	return missed, nil
}

func (p *Producer) counts(cpu int) *syscallDirectCounts {
	return (*syscallDirectCounts)(unsafe.Pointer(&p.countsMem[cpu*int(unsafe.Sizeof(syscallDirectCounts{}))]))
}

func (p *Producer) common() *syscallDirectCommon {
	return (*syscallDirectCommon)(unsafe.Pointer(&p.commonMem[0]))
}

// mapCounters maps the counters and the shared word into this process.
func (p *Producer) mapCounters() (err error) {
	size := p.cpus * int(unsafe.Sizeof(syscallDirectCounts{}))
	if p.countsMem, err = mapArray(p.coll.Maps["counters"], size); err != nil {
		return err
	}
	p.commonMem, err = mapArray(p.coll.Maps["shared"], int(unsafe.Sizeof(syscallDirectCommon{})))
	return err
}

func mapArray(m *ebpf.Map, size int) ([]byte, error) {
	page := unix.Getpagesize()
	size = (size + page - 1) / page * page
	b, err := unix.Mmap(m.FD(), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping the counters: %w", err)
	}
	return b, nil
}

// attach places the hooks. One that the set cannot do without ends it.
func (p *Producer) attach() error {
	// Last the entry of system calls: a call must not be seen at its entry
	// while what else it needs is still missing.
	for i := len(p.set.hooks) - 1; i >= 0; i-- {
		h := p.set.hooks[i]
		why, isMissing := p.missing[h.program]
		prog := p.coll.Programs[h.program]
		if prog == nil && !isMissing {
			continue // nothing of it is wanted
		}
		hook := uapi.Hook{Name: h.name(), Operation: h.operation, Why: why}
		if prog != nil {
			var l link.Link
			var err error
			if h.iterator {
				err = p.iterate(prog)
			} else {
				l, err = h.attach(prog)
			}
			switch {
			case err == nil && h.iterator:
				hook.Placed = true
			case err == nil:
				hook.Placed = true
				p.links = append(p.links, l)
				if err := p.attachStandIns(h.program); err != nil {
					return err
				}
			case !h.optional:
				return fmt.Errorf("attaching %s: %w: %w", h.program, ErrUnsupported, err)
			default:
				hook.Why = err.Error()
			}
		}
		p.hooks = append(p.hooks, hook)
	}
	return nil
}

func (h *hookSpec) name() string {
	if h.function != "" {
		return h.function
	}
	return h.program
}

func (h *hookSpec) attach(prog *ebpf.Program) (link.Link, error) {
	if prog.Type() != ebpf.Kprobe {
		return link.AttachTracing(link.TracingOptions{Program: prog})
	}
	if h.exit {
		return link.Kretprobe(h.function, prog, nil)
	}
	return link.Kprobe(h.function, prog, nil)
}

// Stop detaches the programs. When it returns none of them runs any more, on
// any CPU, and no record is numbered.
func (p *Producer) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, l := range p.links {
		errs = append(errs, l.Close())
	}
	if len(p.links) > 0 {
		// A program that was running when it was detached may still be on
		// another CPU. The kernel waits for a grace period of the readers
		// that programs run in when a map of maps is written to.
		errs = append(errs, p.quiesce())
	}
	p.links = nil
	return errors.Join(errs...)
}

// quiesce waits until every program that was running has ended.
func (p *Producer) quiesce() error {
	if len(p.rings) == 0 {
		return nil
	}
	return p.coll.Maps["rings"].Put(uint32(0), p.rings[0])
}

// Close stops the producer and gives the maps back. Rings must not be read any
// more.
func (p *Producer) Close() error {
	errs := []error{p.Stop()}
	for _, mem := range [...]*[]byte{&p.countsMem, &p.commonMem} {
		if *mem != nil {
			errs = append(errs, unix.Munmap(*mem))
			*mem = nil
		}
	}
	if p.kin != nil {
		errs = append(errs, p.kin.Close())
		p.kin = nil
	}
	if p.contexts != nil {
		errs = append(errs, p.contexts.drop())
		p.contexts = nil
	}
	for _, r := range p.rings {
		errs = append(errs, r.Close())
	}
	p.rings = nil
	if p.coll != nil {
		p.coll.Close()
		p.coll = nil
	}
	return errors.Join(errs...)
}
