// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"

	"vexj/cmd/internal/status"
	"vexj/kmod/device"
	"vexj/uapi"
)

// ModuleSnapshot asks the kernel module itself, which needs no recorder. If one
// consumes from it, Program and PID are that one's; else they are empty, and the
// counters those of the last run.
func ModuleSnapshot() (_ status.Snapshot, err error) {
	s := status.Snapshot{Producer: uapi.ProducerKmod.String()}
	d, err := device.Open()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	info, err := d.Info()
	if err != nil {
		return s, err
	}
	s.PID, s.Program = info.Consumer, info.Comm
	if s.Hooks, err = d.Hooks(); err != nil {
		return s, err
	}
	if s.Filter, _, err = d.Filter(); err != nil {
		return s, err
	}
	s.Uncovered = append(append([]string(nil), device.Holes...), device.Unplaced(s.Hooks)...)
	if info.Runs == 0 {
		return s, nil
	}
	for cpu := range info.CPUs {
		c, err := d.Counts(cpu)
		if err != nil {
			return s, err
		}
		s.CPUs = append(s.CPUs, status.CPU{CPU: cpu, Counters: counters(c.Counters)})
		s.Rings = append(s.Rings, status.Ring{Size: info.RingBytes, Pending: int(c.RingUsed)})
	}
	sum, err := d.Total()
	s.Kernel = counters(sum.Counters)
	return s, err
}

// peekBytes is how much of each ring is looked at for one record: more than all
// but the longest take.
const peekBytes = 1024

// ModulePeek returns the last records that are still in the module's rings.
func ModulePeek(most int) (_ []uapi.Record, err error) {
	d, err := device.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	info, err := d.Info()
	if err != nil {
		return nil, err
	}
	var all []uapi.Record
	for cpu := range info.CPUs {
		recs, err := d.Peek(cpu, min(most*peekBytes+uapi.MaxRecord, info.RingBytes))
		if err != nil {
			return nil, err
		}
		all = append(all, recs...)
	}
	return Latest(all, most), nil
}
