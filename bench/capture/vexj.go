// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"vexj/bpf"
	"vexj/kmod/device"
	"vexj/mirror"
	"vexj/query"
	"vexj/ring"
	"vexj/uapi"
	"vexj/userjournal"
)

const ringBytes = 16 << 20

// producer is what of the eBPF programs and the module is needed here.
type producer interface {
	mirror.Source
	Rings() []uapi.RingFD
	Close() error
}

func attachPrograms(j job, pid int, dir string) (func() (string, error), error) {
	filter, err := j.filter()
	if err != nil {
		return nil, err
	}
	filter.TGIDTree = []uint32{uint32(pid)}
	p, err := bpf.Load(context.Background(), bpf.Options{RingBytes: ringBytes, Filter: filter})
	if err != nil {
		return nil, err
	}
	return record(p, dir)
}

// attachModule records everybody, as LTTng does beside it.
func attachModule(j job, _ int, dir string) (func() (string, error), error) {
	filter, err := j.filter()
	if err != nil {
		return nil, err
	}
	p, err := device.Consume(device.Options{RingBytes: ringBytes, Filter: filter})
	if err != nil {
		return nil, err
	}
	return record(p, dir)
}

func (j job) filter() (uapi.Filter, error) {
	types, err := query.ParseTypes(strings.Split(j.types, ","))
	return uapi.Filter{Types: types, FailedToo: true}, err
}

// record is what `vexjctl record` does: capture to a journal on disk, compressed
// and synced every second.
func record(p producer, dir string) (func() (string, error), error) {
	var rings []*ring.Ring
	for _, fd := range p.Rings() {
		r, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			return nil, err
		}
		rings = append(rings, r)
	}
	rd, err := ring.NewReader(rings)
	if err != nil {
		return nil, err
	}
	w, err := userjournal.Create(filepath.Join(dir, "journal"), userjournal.Options{})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	m := mirror.New(p, rd, w, mirror.Options{})
	go func() { done <- m.Run(ctx) }()
	return func() (string, error) {
		cancel()
		errs := []error{<-done}
		c := p.Counters()
		errs = append(errs, rd.Close())
		for _, r := range rings {
			errs = append(errs, r.Close())
		}
		errs = append(errs, p.Close(), w.Close())
		return fmt.Sprintf("%d recorded, %d lost", c.Recorded, c.Attempted-c.Recorded), errors.Join(errs...)
	}, nil
}
