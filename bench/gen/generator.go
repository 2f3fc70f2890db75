// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"vexj/ring"
	"vexj/uapi"
)

// A Generator is a producer of records that mean nothing, with one ring for each
// CPU that this process may run on.
type Generator struct {
	objects   genObjects
	maps      []*ebpf.Map // the ring buffers, in the order of cpus
	rings     []*ring.Ring
	cpus      []int
	idBase    uint64
	ringBytes int
	watermark int

	order     []byte // mapped: the global sequence
	states    []byte // mapped: a genCpuState for each CPU
	stop      chan struct{}
	stopOnce  sync.Once
	running   sync.Mutex // held by Run
	closeOnce sync.Once
	closed    error
}

// New loads the program with rings of ringBytes, a power of two of at least a
// page. A reader is woken when the fill of a ring grows past watermark bytes; 0
// means a quarter of the ring. It needs root and Linux 5.17.
func New(ringBytes, watermark int) (*Generator, error) {
	if watermark == 0 {
		watermark = ringBytes / 4
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, fmt.Errorf("gen: allow locked memory: %w", err)
	}
	cpus, err := usableCPUs()
	if err != nil {
		return nil, err
	}
	g := &Generator{cpus: cpus, ringBytes: ringBytes, watermark: watermark, stop: make(chan struct{}),
		idBase: uapi.IDBase(uapi.ProducerTest, time.Now().UnixNano())}
	if err := g.load(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

func usableCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("gen: read CPU affinity: %w", err)
	}
	var cpus []int
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

func (g *Generator) load() error {
	spec, err := loadGen()
	if err != nil {
		return fmt.Errorf("gen: read BPF object: %w", err)
	}
	count := uint32(slices.Max(g.cpus) + 1)
	for _, name := range []string{genMapRings, genMapCpus, genMapScratches} {
		spec.Maps[name].MaxEntries = count
	}
	spec.Maps[genMapRings].InnerMap.MaxEntries = uint32(g.ringBytes)
	if err := errors.Join(
		spec.Variables["paths"].Set(pathTemplates()),
		spec.Variables["tasks"].Set(actors()),
	); err != nil {
		return fmt.Errorf("gen: set names: %w", err)
	}
	if err := spec.LoadAndAssign(&g.objects, nil); err != nil {
		return fmt.Errorf("gen: load BPF program (needs root and Linux 5.17): %w", err)
	}
	for _, cpu := range g.cpus {
		if err := g.addRing(uint32(cpu), spec.Maps[genMapRings].InnerMap); err != nil {
			return err
		}
	}
	page := os.Getpagesize()
	if g.order, err = unix.Mmap(g.objects.Order.FD(), 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("gen: map global sequence: %w", err)
	}
	size := (int(count)*int(unsafe.Sizeof(genCpuState{})) + page - 1) / page * page
	if g.states, err = unix.Mmap(g.objects.Cpus.FD(), 0, size, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("gen: map counters: %w", err)
	}
	return nil
}

func (g *Generator) addRing(cpu uint32, spec *ebpf.MapSpec) error {
	m, err := ebpf.NewMap(spec)
	if err != nil {
		return fmt.Errorf("gen: make ring of %d bytes: %w", g.ringBytes, err)
	}
	g.maps = append(g.maps, m)
	if err := g.objects.Rings.Put(cpu, m); err != nil {
		return fmt.Errorf("gen: set ring of CPU %d: %w", cpu, err)
	}
	r, err := ring.Open(m.FD(), g.ringBytes)
	if err != nil {
		return err
	}
	g.rings = append(g.rings, r)
	return nil
}

// Rings returns the rings, one for each CPU of CPUs, in that order.
func (g *Generator) Rings() []*ring.Ring { return g.rings }

// Maps returns the ring buffers behind Rings, to read them by other means.
func (g *Generator) Maps() []*ebpf.Map { return g.maps }

// CPUs returns the CPUs that records are made on.
func (g *Generator) CPUs() []int { return g.cpus }

// ID returns uapi.ProducerTest.
func (g *Generator) ID() uint32 { return uint32(uapi.ProducerTest) }

// IDBase returns the event_id of global_sequence 0.
func (g *Generator) IDBase() uint64 { return g.idBase }

// NextSequence takes a number for a record that the caller makes.
func (g *Generator) NextSequence() uint64 { return g.sequence().Add(1) }

// LastSequence is the highest number that was given out.
func (g *Generator) LastSequence() uint64 { return g.sequence().Load() }

func (g *Generator) sequence() *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&g.order[0])) }

// Coverage says that this producer sees nothing.
func (g *Generator) Coverage() []string {
	return []string{"test records: no operation of this system is seen"}
}

// Stop ends a Run that is under way, and makes all further ones fail. No record
// is numbered after it returned.
func (g *Generator) Stop() error {
	g.stopOnce.Do(func() { close(g.stop) })
	g.running.Lock()
	defer g.running.Unlock()
	return nil
}

// Close stops the generator and frees all that New made, its rings too.
func (g *Generator) Close() error {
	g.closeOnce.Do(func() {
		errs := []error{g.Stop()}
		for _, r := range g.rings {
			errs = append(errs, r.Close())
		}
		for _, m := range g.maps {
			errs = append(errs, m.Close())
		}
		for _, b := range [][]byte{g.order, g.states} {
			if b != nil {
				errs = append(errs, unix.Munmap(b))
			}
		}
		g.closed = errors.Join(append(errs, g.objects.Close())...)
	})
	return g.closed
}
