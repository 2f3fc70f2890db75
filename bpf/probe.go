// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"context"
	"os"
	"slices"

	"vexj/uapi"
)

// Sets names the program sets, the one that sees most first.
func Sets() []string {
	var names []string
	for _, s := range sets {
		names = append(names, s.name)
	}
	return names
}

// Remedy says what kernel takes a program set.
func Remedy(name string) string {
	i := slices.IndexFunc(sets, func(s set) bool { return s.name == name })
	if i < 0 {
		return ""
	}
	return sets[i].remedy
}

// Try loads, attaches and removes a program set, with a filter that nothing
// passes, and returns what it would be blind to. The error wraps ErrUnsupported
// if this kernel does not take the set.
func Try(ctx context.Context, name string) (coverage []string, err error) {
	p, err := Load(ctx, Options{Set: name, RingBytes: os.Getpagesize(), Filter: uapi.Filter{TGIDTree: []uint32{^uint32(0)}}})
	if err != nil {
		return nil, err
	}
	coverage = p.Coverage()
	return coverage, p.Close()
}
