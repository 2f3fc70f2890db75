// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"vexj/uapi"
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
			if !v.trampolines {
				c.Attribution = &uapi.Context{Agent: "conformance", Session: 7, Parent: 1000, Root: 900, Visibility: 6}
			}
			conform(t, c)
		})
	}
}

// What a part of the kernel does to files is recorded as its own: overlayfs's
// writes to its layers.
func TestKernelAsks(t *testing.T) {
	c := newVFSCapture(t)
	if c == nil {
		return
	}
	dir := t.TempDir()
	for _, name := range []string{"lower", "upper", "work", "m"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mount := filepath.Join(dir, "m")
	options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", dir)
	if err := unix.Mount("overlay", mount, "overlay", 0, options); err != nil {
		t.Skipf("this kernel has no overlayfs here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mount, 0); err != nil {
			t.Error(err)
		}
	})
	recs := c.shell(t, "echo hi > $0/m/a && mkdir $0/m/d && mv $0/m/a $0/m/d/b && rm $0/m/d/b", dir)
	type seen struct {
		typ  uapi.Type
		via  uapi.Via
		path string
	}
	got := map[seen]bool{}
	for _, r := range recs {
		got[seen{r.Type(), r.Subtype().Via(), string(r.Path())}] = true
	}
	for _, want := range []seen{
		{uapi.FSWrite, uapi.ViaCall, mount + "/a"},
		{uapi.FSMkdir, uapi.ViaCall, mount + "/d"},
		{uapi.FSRename, uapi.ViaCall, mount + "/a"},
		{uapi.FSDelete, uapi.ViaCall, mount + "/d/b"},
		{uapi.FSRename, uapi.ViaKernel, dir + "/upper/a"},
		{uapi.FSDelete, uapi.ViaKernel, dir + "/upper/d/b"},
	} {
		if !got[want] {
			t.Errorf("no %v via %v of %s", want.typ, want.via, want.path)
		}
	}
	if t.Failed() {
		for s := range got {
			t.Logf("%v via %v of %s", s.typ, s.via, s.path)
		}
	}
}

// newVFSCapture loads the first variant that the kernel takes; nil if it takes
// none.
func newVFSCapture(t *testing.T) *capture {
	t.Helper()
	for _, v := range vfsSet.variants {
		if err := v.takes(); err != nil {
			t.Logf("%s: this kernel does not take such hooks: %v", v.name, err)
			continue
		}
		return newCapture(t, "vfs", "")
	}
	return nil
}

// shell returns the records of a command that the shell runs.
func (c *capture) shell(t *testing.T, command string, args ...string) []uapi.Record {
	t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"-c", "read go; " + command}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(uint32(cmd.Process.Pid), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("go\n")); err != nil {
		t.Error(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	recs, err := c.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return recs
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
