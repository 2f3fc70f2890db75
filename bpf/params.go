// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// How a function returns its result: enum returns of hook.h.
const (
	returnsLong = iota
	returnsInt
	returnsPointer
)

// absent is the place of a parameter that a function does not have.
const absent = 0xff

var (
	errNoFunction = errors.New("this kernel has no such function, or has it inlined everywhere")
	errPrototype  = errors.New("its prototype is not one that is known")
	errNeeds      = errors.New("it is of no use without another hook that is missing")
)

// findParams looks up where in a function's prototype the parameters are that
// its program takes. One is wanted by the type that it points to ("*dentry") or
// by its name; "?" before it says that it may be missing. Two of one type are
// told apart by their order.
func findParams(kernel *btf.Spec, function string, wanted []string) (vfsReadParams, error) {
	p := vfsReadParams{At: [6]uint8{absent, absent, absent, absent, absent, absent}}
	var f *btf.Func
	if err := kernel.TypeByName(function, &f); err != nil {
		if errors.Is(err, btf.ErrNotFound) {
			return p, errNoFunction
		}
		return p, fmt.Errorf("looking up its prototype: %w", err)
	}
	proto, ok := f.Type.(*btf.FuncProto)
	if !ok {
		return p, errPrototype
	}
	used := make([]bool, len(proto.Params))
	found := 0
	for i, want := range wanted {
		want, optional := strings.CutPrefix(want, "?")
		at := -1
		for j, have := range proto.Params {
			if !used[j] && isParam(have, want) {
				at = j
				break
			}
		}
		switch {
		case at >= 0:
			used[at] = true
			p.At[i] = uint8(at)
			found++
		case !optional:
			return p, fmt.Errorf("%w: it has no %s", errPrototype, want)
		}
	}
	if found == 0 && len(wanted) > 0 {
		return p, errPrototype
	}
	p.Returns = returns(proto.Return)
	return p, nil
}

// isFunctionOf says whether the kernel has a function of that name.
func isFunctionOf(kernel *btf.Spec, name string) bool {
	var f *btf.Func
	return name != "" && kernel.TypeByName(name, &f) == nil
}

func isParam(p btf.FuncParam, want string) bool {
	if target, ok := strings.CutPrefix(want, "*"); ok {
		pointer, ok := btf.UnderlyingType(p.Type).(*btf.Pointer)
		return ok && typeName(pointer.Target) == target
	}
	return p.Name == want
}

// typeName is the name by which a pointer's target is written in C.
func typeName(t btf.Type) string {
	for {
		switch q := t.(type) {
		case *btf.Const:
			t = q.Type
		case *btf.Volatile:
			t = q.Type
		case *btf.TypeTag:
			t = q.Type
		default:
			return t.TypeName()
		}
	}
}

func returns(t btf.Type) uint8 {
	switch r := btf.UnderlyingType(t).(type) {
	case *btf.Pointer:
		return returnsPointer
	case *btf.Int:
		if r.Size <= 4 {
			return returnsInt
		}
	case *btf.Enum:
		return returnsInt
	}
	return returnsLong
}
