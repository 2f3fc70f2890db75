// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"context"
	"errors"
	"os"
	"strings"
)

// A Status is the answer to a probe. Not knowing is an answer of its own: what
// could not be asked is not said to be missing.
type Status string

const (
	Yes     Status = "yes"
	No      Status = "no"
	Unknown Status = "unknown"
)

// A Finding is what one probe found out.
type Finding struct {
	Name   string
	Status Status
	Why    string // it is not yes
	Sees   string // what this way of capturing sees
	Do     string // what the owner of the machine can do about it
}

// Probe tries each program set on this kernel: it loads, attaches and removes
// it.
func Probe(ctx context.Context) []Finding {
	var out []Finding
	for _, s := range sets {
		f := Finding{Name: "bpf, " + s.name + " programs", Status: Yes}
		o := Options{Set: s.name, RingBytes: os.Getpagesize(), Filter: Filter{TGIDTree: []uint32{^uint32(0)}}}
		p, err := Load(ctx, o)
		switch {
		case err == nil:
			f.Sees = "every operation of the type table but: " + strings.Join(p.Coverage(), "; ")
			err = p.Close()
			if err != nil {
				f.Why = err.Error()
			}
		case errors.Is(err, ErrUnsupported):
			f.Status, f.Why = No, firstLine(err)
			f.Do = s.remedy
		case errors.Is(err, os.ErrPermission):
			f.Status, f.Why = Unknown, err.Error()
			f.Do = "ask again as root (CAP_BPF and CAP_PERFMON)"
		default:
			f.Status, f.Why = Unknown, firstLine(err)
		}
		out = append(out, f)
	}
	return out
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}
