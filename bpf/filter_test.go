// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/internal/tap"
	"vexj/uapi"
)

// Each condition lets through what it names and nothing else, in the kernel.
func TestFilters(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("capturing needs root")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	// Those above are nobody's to pass.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	shm, err := os.MkdirTemp("/dev/shm", "vexj-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(shm)
	var st unix.Stat_t
	if err := unix.Stat(shm, &st); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	for _, test := range []struct {
		name   string
		filter uapi.Filter
		want   []string
	}{
		{"user", uapi.Filter{UIDs: []uint32{nobody}}, []string{"nobody"}},
		{"filesystem", uapi.Filter{Superblocks: []uint64{st.Dev}}, []string{"shm"}},
		{"prefix", uapi.Filter{PathPrefixes: []string{filepath.Join(dir, "root")}}, []string{"root"}},
		{"prefix is of whole names", uapi.Filter{PathPrefixes: []string{filepath.Join(dir, "roo")}}, nil},
		{"type", uapi.Filter{Types: []uapi.Type{uapi.FSMkdir}, PathPrefixes: []string{dir}}, nil},
		{"modifications", uapi.Filter{ModifyOnly: true, PathPrefixes: []string{dir, shm}}, []string{"nobody", "root", "shm"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Load(context.Background(), Options{Set: "syscall", Filter: test.filter})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}()
			c, err := tap.Open(p)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			touch(t, filepath.Join(dir, "root"), 0)
			touch(t, filepath.Join(dir, "nobody"), nobody)
			touch(t, filepath.Join(shm, "shm"), 0)
			recs, err := c.Drain()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range recs {
				path := string(r.Path())
				if r.Type() == uapi.FSCreate && (filepath.Dir(path) == dir || filepath.Dir(path) == shm) {
					got = append(got, filepath.Base(path))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("recorded %q, want %q", got, test.want)
			}
		})
	}
	for _, bad := range []uapi.Filter{
		{PathPrefixes: []string{"relative"}},
		{UIDs: make([]uint32, maxIDs+1)},
		{Types: []uapi.Type{uapi.FSStat}, ModifyOnly: true},
	} {
		if _, err := Load(context.Background(), Options{Filter: bad}); !errors.Is(err, ErrFilter) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// touch has a process of that user create the file, and removes it.
func touch(t *testing.T, path string, uid uint32) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", ": >"+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
