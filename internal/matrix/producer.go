// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"vexj/bpf"
	"vexj/internal/storm"
	"vexj/internal/tap"
	"vexj/kmod/device"
	"vexj/uapi"
)

// A producer is one that the table is run under.
type producer interface {
	storm.Producer
	tap.Producer
}

// A source makes one producer.
type source struct {
	name string
	open func(ringBytes int, filter uapi.Filter) (producer, error)
}

var sources = []source{
	{"kmod", func(ringBytes int, filter uapi.Filter) (producer, error) {
		p, err := device.Consume(device.Options{RingBytes: ringBytes, Filter: filter})
		if err != nil {
			return nil, err
		}
		return p, nil
	}},
	{"bpf-vfs", set("vfs")},
	{"bpf-syscall", set("syscall")},
}

func set(name string) func(int, uapi.Filter) (producer, error) {
	return func(ringBytes int, filter uapi.Filter) (producer, error) {
		p, err := bpf.Load(context.Background(), bpf.Options{Set: name, RingBytes: ringBytes, Filter: filter})
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}

// pick returns the sources of the names.
func pick(names []string) ([]source, error) {
	var out []source
	for _, name := range names {
		i := slices.IndexFunc(sources, func(s source) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no producer is called %q: say kmod, bpf-vfs or bpf-syscall", name)
		}
		out = append(out, sources[i])
	}
	return out, nil
}

// follower opens the producer for a tap: it records all types, of processes that
// are followed, and so far there is none but this one, which is never recorded.
func (s source) follower() (producer, error) {
	self := uint32(os.Getpid())
	p, err := s.open(0, uapi.Filter{TGIDTree: []uint32{self}, FailedToo: true, Types: uapi.Types()})
	if err != nil {
		return nil, err
	}
	// Its children would be.
	if err := p.Unfollow(self); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// insmod loads the kernel module.
func insmod(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil {
		return fmt.Errorf("loading %s: %w; dmesg says more", path, err)
	}
	return nil
}
