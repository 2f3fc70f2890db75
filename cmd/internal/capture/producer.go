// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"vexj/bpf"
	"vexj/cmd/internal/exit"
	"vexj/fuse"
	"vexj/kmod/device"
	"vexj/mirror"
	"vexj/uapi"
)

// A Producer makes the records: the eBPF programs or the kernel module. None of
// its methods is called for each record: what it makes is read from its rings.
type Producer interface {
	mirror.Source
	Rings() []uapi.RingFD
	CPUCounters() []uapi.Counters
	Hooks() []uapi.Hook

	// Filter returns what holds.
	Filter() (uapi.Filter, error)

	Close() error
}

// A steerable producer takes another filter while it records: from the return of
// SetFilter on, or not at all.
type steerable interface {
	SetFilter(f *uapi.Filter) error
}

// A waker calls for its rings to be read, as they cannot be polled.
type waker interface {
	WakeBy(wake func())
}

// A rung of the ladder is one way to get a producer.
type rung struct {
	name string
	load func(ctx context.Context, o *Options) (Producer, error)
}

var moduleRung = rung{"kmod", func(_ context.Context, o *Options) (Producer, error) {
	p, err := device.Consume(device.Options{RingBytes: o.RingBytes, Filter: o.Filter})
	if err != nil {
		return nil, err // and no Producer that holds a nil
	}
	return p, nil
}}

func setRung(set string) rung {
	return rung{"bpf-" + set, func(ctx context.Context, o *Options) (Producer, error) {
		p, err := bpf.Load(ctx, bpf.Options{Set: set, RingBytes: o.RingBytes, Filter: o.Filter, Successor: o.before})
		if err != nil {
			return nil, err
		}
		return p, nil
	}}
}

// rungs are the ways to try, the best first.
func (o *Options) rungs() []rung {
	vfs, syscall := setRung("vfs"), setRung("syscall")
	switch {
	case o.Producer == "fuse":
		return []rung{folderRung}
	case o.Producer == "kmod" && o.Require:
		return []rung{moduleRung}
	case o.Producer == "bpf":
		return []rung{vfs, syscall}
	case o.Producer == "bpf-vfs" && o.Require:
		return []rung{vfs}
	case o.Producer == "bpf-vfs":
		return []rung{vfs, syscall}
	case o.Producer == "bpf-syscall":
		return []rung{syscall}
	}
	all := []rung{moduleRung, vfs, syscall}
	if o.Producer == "auto" && len(o.Folders)+len(o.Filter.PathPrefixes) > 0 {
		all = append(all, folderRung)
	}
	return all
}

// load tries the rungs in turn and says what it fell back from.
func load(ctx context.Context, o *Options) (Producer, error) {
	var failed []error
	kernel := true // this user may use it, as far as is known
	for _, r := range o.rungs() {
		if !kernel && r.name != folderRung.name {
			continue
		}
		p, err := r.load(ctx, o)
		if err == nil {
			o.tellFallback(r.name, failed)
			return p, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("stopped before anything was recorded: %w", ctx.Err())
		}
		failed = append(failed, err)
		if wrong(err) {
			break
		}
		kernel = kernel && !forbidden(err)
	}
	return nil, verdict(failed)
}

// forbidden says whether this user may load nothing into the kernel.
func forbidden(err error) bool {
	// Who may not load programs may not load any. EPERM for a program set is
	// the kernel's no to it, whoever loads it.
	return errors.Is(err, os.ErrPermission) && !errors.Is(err, bpf.ErrUnsupported)
}

// wrong says whether it is the options that no producer could do.
func wrong(err error) bool {
	return slices.ContainsFunc([]error{bpf.ErrFilter, bpf.ErrRingSize, device.ErrFilter, device.ErrRingSize, fuse.ErrRingSize, fuse.ErrFilter, ErrNoFolder, ErrJournalInside, ErrVectorsInside},
		func(cause error) bool { return errors.Is(err, cause) })
}

// tellFallback says what was asked for and could not be had. That there is no
// module to choose of itself is nothing to tell.
func (o *Options) tellFallback(got string, failed []error) {
	if o.Producer == "auto" || o.Producer == "bpf" {
		failed = slices.DeleteFunc(failed, func(err error) bool {
			return errors.Is(err, device.ErrNoModule) || errors.Is(err, bpf.ErrUnsupported)
		})
	}
	if len(failed) > 0 {
		o.Notice(fmt.Sprintf("%s cannot be had, recording with %s instead: %v", o.Producer, got, errors.Join(failed...)))
	}
}

// verdict is the error of all rungs, with its exit code.
func verdict(failed []error) error {
	all := errors.Join(failed...)
	last := failed[len(failed)-1]
	switch {
	case wrong(last):
		return exit.With(exit.Usage, last)
	case errors.Is(all, unix.EPERM) && !errors.Is(all, bpf.ErrUnsupported):
		return exit.With(exit.Permission,
			fmt.Errorf("%w; loading programs into the kernel needs root, or CAP_BPF and CAP_PERFMON", last))
	case errors.Is(last, os.ErrPermission) && !errors.Is(last, bpf.ErrUnsupported):
		return exit.With(exit.Permission, last)
	}
	return exit.With(exit.Error, fmt.Errorf("%w; `vexjctl doctor` tells what this machine allows", all))
}
