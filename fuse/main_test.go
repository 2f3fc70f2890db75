// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vexj/internal/conformance"
	"vexj/internal/scramble"
	"vexj/internal/tap"
	"vexj/uapi"
)

func TestMain(m *testing.M) {
	conformance.Hook()
	scramble.Hook()
	if path := os.Getenv(mapEnv); path != "" {
		if err := mapTwice(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// mounted mounts a fresh folder. The mount is gone when the test has ended, whatever
// happens: a dead one would hold up whoever looks at it.
func mounted(t testing.TB, po Options, mo MountOptions) (*Producer, *Mount) {
	t.Helper()
	base := t.TempDir()
	source, target := filepath.Join(base, "source"), filepath.Join(base, "mount")
	for _, dir := range []string{source, target} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p, err := New(po)
	if err != nil {
		t.Fatal(err)
	}
	if mo.Say == nil {
		mo.Say = func(s string) { t.Log(s) }
	}
	m, err := p.Mount(source, target, mo)
	if err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(5*time.Minute, func() { _, _ = Unmount(target) })
	t.Cleanup(func() {
		stuck.Stop()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, m
}

// newTap has a producer that follows nobody yet.
func newTap(t testing.TB, mo MountOptions) (*tap.Tap, *Producer, *Mount) {
	t.Helper()
	p, m := mounted(t, Options{Filter: uapi.Filter{
		TGIDTree: []uint32{^uint32(0)}, FailedToo: true, Types: uapi.Types(),
	}}, mo)
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tapped.Close() })
	return tapped, p, m
}
