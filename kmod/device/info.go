// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Info is what the module says of itself.
type Info struct {
	CPUs      int // rings of a run, numbered from 0
	Consumer  int // process id; 0: none, or one that is not visible from here
	Comm      string
	RingBytes int // of each ring
	Watermark int // bytes
	Deadline  int // ms that a record may wait; -1: no end

	IDBase         uint64 // event_id of global_sequence 0; 0: there was no run yet
	GlobalSequence uint64 // the last that was taken
	Runs           int    // since the module was loaded

	HooksPlaced, HooksMissing int
	Contexts                  int // that are set
	Followed                  int // processes in followed trees
}

// Armed says whether there is a consumer, that is, whether anything is recorded.
func (i *Info) Armed() bool { return i.Comm != "" || i.Consumer != 0 }

// Info asks the module how it is.
func (d *Device) Info() (Info, error) {
	var v devInfo
	if _, err := d.ioctl(iocInfo, unsafe.Pointer(&v)); err != nil {
		return Info{}, explain("asking the module", err)
	}
	if v.Version < version {
		return Info{}, fmt.Errorf("version %d, not %d: %w", v.Version, version, ErrVersion)
	}
	info := Info{
		CPUs: int(v.Cpus), Consumer: int(v.Consumer), Comm: unix.ByteSliceToString(v.Comm[:]),
		RingBytes: int(v.RingBytes), Watermark: int(v.Watermark), Deadline: int(v.DeadlineMs),
		IDBase: v.IDBase, GlobalSequence: v.GlobalSequence, Runs: int(v.Runs),
		HooksPlaced: int(v.HooksPlaced), HooksMissing: int(v.HooksMissing),
		Contexts: int(v.Contexts), Followed: int(v.Followed),
	}
	if v.DeadlineMs == 1<<32-1 {
		info.Deadline = -1
	}
	return info, nil
}

// Counts are what the module counted on one CPU, or on all, since the run began.
type Counts struct {
	uapi.Counters
	Blind          uint64 // calls of a system-call table that is not covered (32-bit)
	Emitted        uint64 // of the recorded, by write(2) and other kernel code
	GlobalSequence uint64
	RingUsed       uint64 // bytes that wait in the ring
}

// Counts reads the counters of one CPU.
func (d *Device) Counts(cpu int) (Counts, error) { return d.counts(uint32(cpu)) }

// Total reads the sums over all CPUs.
func (d *Device) Total() (Counts, error) { return d.counts(allCPUs) }

func (d *Device) counts(cpu uint32) (Counts, error) {
	v := devCounters{CPU: cpu}
	if _, err := d.ioctl(iocCounters, unsafe.Pointer(&v)); err != nil {
		return Counts{}, explain("reading the module's counters", err)
	}
	c := Counts{
		Counters: uapi.Counters{Attempted: v.Attempted, Recorded: v.Recorded, Filtered: v.Filtered},
		Blind:    v.Blind, Emitted: v.Emitted, GlobalSequence: v.GlobalSequence, RingUsed: v.RingUsed,
	}
	// A cause that this program does not know yet is a loss all the same.
	for i, n := range v.Lost {
		if i >= len(c.Lost) {
			i = int(uapi.LostUnknown)
		}
		c.Lost[i] += n
	}
	return c, nil
}
