// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Options of a producer. The zero value records all but lookups, with the best
// program set that loads.
type Options struct {
	Set       string // "auto" or "", "vfs", "syscall"
	RingBytes int    // of each CPU's ring, a power of two of pages; 0: 4 MiB
	Watermark int    // bytes in a ring that wake the reader; 0: a quarter of it
	Filter    uapi.Filter

	// Successor of a producer has its contexts from the beginning on, and shares
	// them with it as long as both are at work.
	Successor *Producer

	variant string // only this one; for tests
}

var (
	// ErrSet: there is no program set of that name.
	ErrSet = errors.New("no such program set: it is auto, vfs or syscall")
	// ErrRingSize: the kernel would refuse a ring of that size.
	ErrRingSize = errors.New("the ring's size must be a power of two and a multiple of the page size, at most 1 GiB")
	// ErrUnsupported: the kernel refuses what the set cannot do without.
	ErrUnsupported = errors.New("this kernel does not take the programs")
	// ErrNamespace means that this process has other ids for processes than the
	// kernel's programs, and cannot say which ones are meant.
	ErrNamespace = errors.New("processes have other ids here than in the kernel; run the recorder in the first pid namespace (of a container: --pid=host)")
)

const defaultRingBytes = 4 << 20

func (o *Options) check() error {
	if o.RingBytes == 0 {
		o.RingBytes = defaultRingBytes
	}
	n := o.RingBytes
	if n < os.Getpagesize() || n > 1<<30 || n&(n-1) != 0 {
		return fmt.Errorf("%w: %d", ErrRingSize, n)
	}
	if o.Watermark <= 0 {
		o.Watermark = n / 4
	}
	return checkFilter(&o.Filter)
}

// Load puts a program set into the kernel and attaches it: from its return on
// what the filter wants is recorded. The context is asked between steps only.
func Load(ctx context.Context, o Options) (*Producer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	// Before 5.11 maps count against the locked memory limit.
	if err := rlimit.RemoveMemlock(); err != nil && !errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("raising the limit of locked memory: %w", err)
	}
	var failed error
	for _, s := range sets {
		if o.Set != "" && o.Set != "auto" && o.Set != s.name {
			continue
		}
		p, err := load(ctx, s, &o)
		if err == nil {
			return p, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// Who may not load programs may not load any.
		if errors.Is(err, os.ErrPermission) && !errors.Is(err, ErrUnsupported) {
			return nil, err
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		return nil, fmt.Errorf("%w, not %q", ErrSet, o.Set)
	}
	return nil, failed
}

// load is Load for one set.
func load(ctx context.Context, s set, o *Options) (_ *Producer, err error) {
	p := &Producer{set: s, ringBytes: o.RingBytes, filter: o.Filter}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	cfg, err := p.configure(o)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := p.loadPrograms(cfg, o); err != nil {
		return nil, err
	}
	if err := p.mapCounters(); err != nil {
		return nil, err
	}
	if err := p.fillFilters(&o.Filter); err != nil {
		return nil, err
	}
	p.checkWalk()
	return p, p.attach()
}

// configure fills in what the programs have as constants.
func (p *Producer) configure(o *Options) (*syscallDirectConfig, error) {
	peek, err := newPeeker()
	if err != nil {
		return nil, err
	}
	defer peek.Close()
	cfg := &syscallDirectConfig{Visibility: ^uint64(0), Watermark: uint32(o.Watermark)}
	if cfg.Self, err = peek.tgid(); err != nil {
		return nil, err
	}
	p.nested = cfg.Self != uint32(os.Getpid())
	d, err := findDcache(peek)
	if err != nil {
		p.dcacheErr = err
	}
	cfg.DentryHashtable, cfg.D_hashShift = d.table, d.shift
	now := uint64(time.Now().UnixNano())
	p.idBase = uint64(p.set.producer)<<56 | now>>7&(1<<56-1)
	cfg.IdBase = p.idBase
	applyFilter(&o.Filter, cfg)
	return cfg, nil
}

// loadPrograms loads the first variant that the kernel takes.
func (p *Producer) loadPrograms(cfg *syscallDirectConfig, o *Options) error {
	var failed error
	preempted := preemptible()
	for _, v := range p.set.preferred(preempted) {
		if o.variant != "" && o.variant != v.name {
			continue
		}
		if v.takes != nil {
			if err := v.takes(); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%w: hooks of the %s programs (%s): %w", ErrUnsupported, p.set.name, v.name, err))
				continue
			}
		}
		spec, err := v.load()
		if err != nil {
			return err
		}
		if err := p.prepare(spec, cfg, o, preempted); err != nil {
			return err
		}
		coll, err := p.newCollection(spec, o.Successor)
		if err == nil {
			p.coll, p.variant = coll, v.name
			if err := p.takeContexts(o.Successor); err != nil {
				return err
			}
			return p.makeRings(coll)
		}
		// Whoever got so far may load programs: even EPERM is the kernel's
		// word on these ones.
		failed = errors.Join(failed, fmt.Errorf("%w: loading the %s programs (%s): %w", ErrUnsupported, p.set.name, v.name, err))
	}
	return failed
}

// newCollection loads the programs. It leaves out those that the verifier
// refuses, if the set does its work without them.
func (p *Producer) newCollection(spec *ebpf.CollectionSpec, before *Producer) (*ebpf.Collection, error) {
	o := ebpf.CollectionOptions{}
	if before != nil {
		o.MapReplacements = before.contexts.maps
	}
	for {
		coll, err := ebpf.NewCollectionWithOptions(spec, o)
		if err == nil {
			return coll, nil
		}
		var refused *ebpf.VerifierError
		i := slices.IndexFunc(p.set.hooks, func(h hookSpec) bool {
			return h.optional && spec.Programs[h.program] != nil && strings.HasPrefix(err.Error(), "program "+h.program+":")
		})
		if i < 0 || !errors.As(err, &refused) {
			return nil, err
		}
		h := p.set.hooks[i]
		delete(spec.Programs, h.program)
		for n := range standIns {
			delete(spec.Programs, standIn(h.program, n))
		}
		if h.function != "" {
			delete(spec.Programs, "enter_"+h.function)
			delete(spec.Programs, "exit_"+h.function)
		}
		p.missing[h.program] = fmt.Sprintf("the verifier refuses its program: %v", refused.Cause)
		// What others need it for has to go as well.
		missing, err := p.set.trim(spec, p.set.hooks)
		if err != nil {
			return nil, err
		}
		maps.Copy(p.missing, missing)
	}
}

func (p *Producer) takeContexts(before *Producer) (err error) {
	if before != nil {
		p.contexts = before.contexts.share()
		return nil
	}
	p.contexts, err = p.newContexts()
	return err
}

func loadError(what string, err error) error {
	// EACCES is the verifier's refusal, not a want of rights.
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("loading the %s programs: %w: %w", what, os.ErrPermission, err)
	}
	return fmt.Errorf("loading the %s programs: %w: %w", what, ErrUnsupported, err)
}

// prepare sizes the maps and sets the constants.
func (p *Producer) prepare(spec *ebpf.CollectionSpec, cfg *syscallDirectConfig, o *Options, preempted bool) error {
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return err
	}
	p.cpus = cpus
	spec.Maps["rings"].MaxEntries = uint32(cpus)
	spec.Maps["rings"].InnerMap.MaxEntries = uint32(o.RingBytes)
	spec.Maps["counters"].MaxEntries = uint32(cpus)
	spec.Maps["scratch"].MaxEntries *= uint32(cpus)
	spec.Maps["request_scratch"].MaxEntries *= uint32(cpus)
	if err := spec.Variables["cfg"].Set(cfg); err != nil {
		return err
	}
	if v := spec.Variables["calls"]; v != nil {
		if err := keepCalls(v, o.Filter.Wanted()); err != nil {
			return err
		}
	}
	for _, h := range p.set.hooks {
		if !h.serves(o.Filter.Wanted()) {
			delete(spec.Programs, h.program)
		}
	}
	if p.missing, err = p.set.trim(spec, p.set.hooks); err != nil {
		return err
	}
	if preempted {
		doubleUp(spec)
	}
	delete(spec.Programs, standsIn+"enter")
	return nil
}

// serves says whether a hook has to do with records of these types.
func (h *hookSpec) serves(types map[uapi.Type]bool) bool {
	return h.types == nil || slices.ContainsFunc(h.types, func(t uapi.Type) bool { return types[t] })
}

// keepCalls takes the calls that do nothing wanted out of the table, so that
// they cost one look into it.
func keepCalls(v *ebpf.VariableSpec, types map[uapi.Type]bool) error {
	var calls [512]syscallDirectCall
	if err := v.Get(&calls); err != nil {
		return err
	}
	for i := range calls {
		keep := false
		for _, t := range callTypes(uapi.Type(calls[i].Type)) {
			keep = keep || types[t]
		}
		if !keep {
			calls[i].Type = 0
		}
	}
	return v.Set(&calls)
}

// callTypes returns the types of records that a call of a type can make.
func callTypes(t uapi.Type) []uapi.Type {
	switch t {
	case uapi.FSOpen:
		return []uapi.Type{t, uapi.FSCreate, uapi.FSTruncate}
	case uapi.FSRename:
		return []uapi.Type{t, uapi.FSDelete, uapi.FSRmdir}
	case uapi.FSDelete:
		return []uapi.Type{t, uapi.FSRmdir}
	case uapi.FSMknod:
		return []uapi.Type{t, uapi.FSCreate}
	case uapi.FSWrite:
		return []uapi.Type{t, uapi.FSRead}
	case uapi.FSIoctl:
		return []uapi.Type{t, uapi.FSWrite}
	}
	return []uapi.Type{t}
}

// makeRings fills the outer map with a ring for each CPU.
func (p *Producer) makeRings(coll *ebpf.Collection) error {
	outer := coll.Maps["rings"]
	for cpu := range p.cpus {
		r, err := ebpf.NewMap(&ebpf.MapSpec{
			Name: fmt.Sprintf("vexj_ring_%d", cpu), Type: ebpf.RingBuf, MaxEntries: uint32(p.ringBytes),
		})
		if err != nil {
			return fmt.Errorf("making the ring of CPU %d, %d bytes: %w", cpu, p.ringBytes, err)
		}
		p.rings = append(p.rings, r)
		if err := outer.Put(uint32(cpu), r); err != nil {
			return err
		}
	}
	return nil
}

// fillFilters puts into maps what does not fit the constants.
func (p *Producer) fillFilters(f *uapi.Filter) error {
	for i, path := range f.PathPrefixes {
		var v syscallDirectPrefix
		copy(v.Bytes[:], prefixBytes(path))
		if err := p.coll.Maps["prefixes"].Put(uint32(i), &v); err != nil {
			return err
		}
	}
	for _, tgid := range f.TGIDTree {
		if err := p.Follow(tgid); err != nil {
			return err
		}
	}
	return nil
}

// checkWalk tries the walk on a path that is certainly cached and compares.
func (p *Producer) checkWalk() {
	prog := p.coll.Programs["vexj_walk"]
	if prog == nil || p.dcacheErr != nil {
		return
	}
	path := []byte("/proc/../proc/./self/..//version\x00")
	var st unix.Stat_t
	if err := unix.Stat("/proc/version", &st); err != nil {
		p.dcacheErr = err
		return
	}
	args := [12]uint64{uint64(uintptr(unsafe.Pointer(&path[0])))}
	_, err := prog.Run(&ebpf.RunOptions{Context: args})
	runtime.KeepAlive(path)
	var w syscallDirectWalked
	if err == nil {
		err = p.coll.Variables["found"].Get(&w)
	}
	if err == nil && w.Inode != st.Ino {
		err = fmt.Errorf("%w: a walk of a known path ended elsewhere (inode %d, not %d)", ErrDcache, w.Inode, st.Ino)
	}
	p.dcacheErr = err
}
