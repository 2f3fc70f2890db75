// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Options of a run. The zero value records all but lookups, with the parameters
// that the module was loaded with.
type Options struct {
	RingBytes int // of each CPU's ring, a power of two of pages; 0: the module's parameter
	Watermark int // bytes in a ring that wake the reader; 0: the module's parameter
	Filter    uapi.Filter
}

// ErrRingSize: the module would refuse a ring of that size.
var ErrRingSize = fmt.Errorf("the ring's size must be a power of two from %d to %d bytes", os.Getpagesize(), maxRing)

// A Producer is the module at work for this process, its consumer. It is the
// mirror's source, and ends with the process.
type Producer struct {
	*Device
	ringBytes int
	idBase    uint64
	rings     []uapi.RingFD
	followed  []uint32
	hooks     []uapi.Hook

	mu      sync.Mutex
	last    []Counts // by CPU, the last that could be read
	highest uint64   // LastSequence, likewise
	stopped bool
}

// Consume opens the device, sets the filter and begins a run: from its return on
// what the filter wants is recorded. The error wraps ErrBusy if there is a
// consumer already, and names it.
func Consume(o Options) (*Producer, error) {
	d, err := Open()
	if err != nil {
		return nil, err
	}
	p := &Producer{Device: d}
	if err := p.begin(&o); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Producer) begin(o *Options) error {
	if n := o.RingBytes; n != 0 && (n < os.Getpagesize() || n > maxRing || n&(n-1) != 0) {
		return fmt.Errorf("%w: %d", ErrRingSize, n)
	}
	// Not to change the filter under somebody who records.
	info, err := p.Info()
	if err != nil {
		return err
	}
	if info.Armed() {
		return busy(info)
	}
	if err := p.SetFilter(&o.Filter); err != nil {
		return err
	}
	v := devConsume{RingBytes: uint64(o.RingBytes), Watermark: uint32(o.Watermark)}
	if _, err := p.ioctl(iocConsume, unsafe.Pointer(&v)); err != nil {
		return p.refused(o, err)
	}
	p.idBase, p.ringBytes = v.IDBase, int(v.RingBytes)
	p.last = make([]Counts, v.Cpus)
	if p.hooks, err = p.Device.Hooks(); err != nil {
		return err
	}
	return p.openRings(int(v.Cpus))
}

func busy(info Info) error {
	return fmt.Errorf("%w by %s, pid %d: stop that recorder first", ErrBusy, info.Comm, info.Consumer)
}

func (p *Producer) refused(o *Options, err error) error {
	switch err {
	case unix.EBUSY:
		if info, err := p.Info(); err == nil {
			return busy(info)
		}
		return ErrBusy
	case unix.EINVAL:
		return fmt.Errorf("%w: %d bytes, watermark %d", ErrRingSize, o.RingBytes, o.Watermark)
	case unix.ENOMEM:
		return fmt.Errorf("there is no memory for rings of that size; choose a smaller --ring-size: %w", err)
	}
	return explain("becoming the module's consumer", err)
}

func (p *Producer) openRings(cpus int) error {
	for cpu := range cpus {
		n := uint32(cpu)
		fd, err := p.ioctl(iocRing, unsafe.Pointer(&n))
		if err != nil {
			return explain(fmt.Sprintf("opening the ring of CPU %d", cpu), err)
		}
		p.rings = append(p.rings, uapi.RingFD{FD: fd, Size: p.ringBytes})
	}
	return nil
}

// Hooks returns where the module looks, and where it was to look and cannot.
func (p *Producer) Hooks() []uapi.Hook {
	hooks, err := p.Device.Hooks()
	if err != nil {
		return p.hooks
	}
	return hooks
}

// Rings returns the rings, by CPU. The descriptors belong to the producer.
func (p *Producer) Rings() []uapi.RingFD { return p.rings }

// ID is the producer's number in event ids.
func (p *Producer) ID() uint32 { return uint32(uapi.ProducerKmod) }

// IDBase is the event_id of global_sequence 0.
func (p *Producer) IDBase() uint64 { return p.idBase }

// NextSequence takes a global_sequence out of the module's own counter.
func (p *Producer) NextSequence() uint64 {
	var n uint64
	// It fails only for who is not the consumer.
	_, _ = p.ioctl(iocSequence, unsafe.Pointer(&n))
	return n
}

// LastSequence is the highest global_sequence that was given out.
func (p *Producer) LastSequence() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	// It never goes back: what cannot be read is as it was.
	if c, err := p.Total(); err == nil {
		p.highest = c.GlobalSequence
	}
	return p.highest
}

// CPUCounters returns the counters of each CPU.
func (p *Producer) CPUCounters() []uapi.Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]uapi.Counters, len(p.last))
	for cpu := range out {
		// They never go back: what cannot be read is as it was.
		if c, err := p.Counts(cpu); err == nil {
			p.last[cpu] = c
		}
		out[cpu] = p.last[cpu].Counters
	}
	return out
}

// Counters returns the sums over all CPUs.
func (p *Producer) Counters() uapi.Counters { return uapi.Sum(p.CPUCounters()) }

// Coverage says what the module cannot see, a line each, and what it has not
// seen so far.
func (p *Producer) Coverage() []string {
	out := append(append([]string(nil), Holes...), Unplaced(p.Hooks())...)
	var blind uint64
	p.CPUCounters()
	p.mu.Lock()
	for _, c := range p.last {
		blind += c.Blind
	}
	p.mu.Unlock()
	if blind > 0 {
		out = append(out, fmt.Sprintf("%d 32-bit system calls that were made and not recorded", blind))
	}
	return out
}

// SetFilter replaces the filter of the run.
func (p *Producer) SetFilter(f *uapi.Filter) error {
	if err := p.Device.SetFilter(f); err != nil {
		return err
	}
	p.mu.Lock()
	old := p.followed
	p.followed = slices.Clone(f.TGIDTree)
	p.mu.Unlock()
	var errs []error
	for _, tgid := range old {
		if !slices.Contains(f.TGIDTree, tgid) {
			errs = append(errs, p.Unfollow(tgid))
		}
	}
	return errors.Join(errs...)
}

// Filter returns the filter that holds, whoever has set it.
func (p *Producer) Filter() (uapi.Filter, error) {
	f, followed, err := p.Device.Filter()
	if followed {
		p.mu.Lock()
		f.TGIDTree = slices.Clone(p.followed)
		p.mu.Unlock()
	}
	return f, err
}

// Stop ends the run: when it returns no record is numbered. The rings can still
// be drained.
func (p *Producer) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || p.rings == nil {
		return nil
	}
	if _, err := p.ioctl(iocStop, nil); err != nil {
		return explain("ending the module's run", err)
	}
	p.stopped = true
	return nil
}

// Close stops the producer and gives the rings back, which must not be read any
// more.
func (p *Producer) Close() error {
	errs := []error{p.Stop()}
	for _, tgid := range p.followed {
		errs = append(errs, p.Unfollow(tgid))
	}
	p.followed = nil
	for _, r := range p.rings {
		errs = append(errs, unix.Close(r.FD))
	}
	p.rings = nil
	return errors.Join(append(errs, p.Device.Close())...)
}
