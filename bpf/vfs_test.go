// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// The vfs set makes exactly the records of the conformance table wherever the
// kernel takes its hooks, but for what it says it does not see.
func TestConformanceVFS(t *testing.T) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	var cast *btf.Func
	haveCast := kernel.TypeByName("bpf_rdonly_cast", &cast) == nil
	for _, v := range vfsSet.variants {
		if err := v.takes(); err != nil {
			t.Logf("%s: this kernel does not take such hooks: %v", v.name, err)
			continue
		}
		if strings.Contains(v.name, plainLoads) && !haveCast {
			t.Logf("%s: this kernel has no bpf_rdonly_cast", v.name)
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			c := newCapture(t, "vfs", v.name)
			for _, h := range c.p.Hooks() {
				t.Logf("%s (%s): placed=%v %s", h.Name, h.Operation, h.Placed, h.Why)
			}
			conform(t, c)
		})
	}
}

func TestFindParams(t *testing.T) {
	spec := prototypes(t)
	for name, tt := range map[string]struct {
		function string
		wanted   []string
		at       []uint8
		returns  uint8
		err      error
	}{
		"by type, in order": {"two", []string{"*dentry", "*dentry"}, []uint8{0, 2}, returnsInt, nil},
		"by name":           {"two", []string{"flags"}, []uint8{3}, returnsInt, nil},
		"through const":     {"named", []string{"*char"}, []uint8{0}, returnsPointer, nil},
		"may be missing":    {"two", []string{"?*file", "*inode"}, []uint8{absent, 1}, returnsInt, nil},
		"is missing":        {"two", []string{"*file"}, nil, 0, errPrototype},
		"nothing found":     {"two", []string{"?*file"}, nil, 0, errPrototype},
		"no function":       {"none", []string{"*file"}, nil, 0, errNoFunction},
		"none wanted":       {"long", nil, nil, returnsLong, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := findParams(spec, tt.function, tt.wanted)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && (!slices.Equal(p.At[:len(tt.at)], tt.at) || p.Returns != tt.returns) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// prototypes are functions of a made-up kernel.
func prototypes(t *testing.T) *btf.Spec {
	t.Helper()
	integer := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	long := &btf.Int{Name: "long", Size: 8, Encoding: btf.Signed}
	char := &btf.Int{Name: "char", Size: 1}
	to := func(t btf.Type) btf.Type { return &btf.Pointer{Target: t} }
	dentry, inode := &btf.Struct{Name: "dentry"}, &btf.Struct{Name: "inode"}
	function := func(name string, returns btf.Type, params ...btf.FuncParam) btf.Type {
		return &btf.Func{Name: name, Linkage: btf.GlobalFunc, Type: &btf.FuncProto{Return: returns, Params: params}}
	}
	b, err := btf.NewBuilder([]btf.Type{
		function("two", integer, btf.FuncParam{Name: "old", Type: to(dentry)}, btf.FuncParam{Name: "dir", Type: to(inode)},
			btf.FuncParam{Name: "new", Type: to(dentry)}, btf.FuncParam{Name: "flags", Type: integer}),
		function("named", to(dentry), btf.FuncParam{Name: "name", Type: to(&btf.Const{Type: char})}),
		function("long", long),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}
