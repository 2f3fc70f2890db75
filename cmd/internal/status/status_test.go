// SPDX-License-Identifier: Apache-2.0

package status

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"testing"
)

func TestPublishAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run[1]")
	want := Snapshot{
		PID: os.Getpid(), Program: "test", Producer: "test",
		Kernel: Counters{Attempted: 1 << 63, Lost: 2, LostBy: map[string]uint64{"full": 2}},
		CPUs:   []CPU{{CPU: 3, Counters: Counters{Recorded: 4}}},
	}
	p, err := Publish(dir, func() Snapshot { return want })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		got, err := Read(dir)
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	name := filepath.Join(dir, strconv.Itoa(os.Getpid())+".sock")
	for path, want := range map[string]os.FileMode{dir: 0o700, name: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := Read(dir); !errors.Is(err, ErrNone) {
		t.Errorf("after Close: %v", err)
	}
}

func TestReadAtOnce(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := Publish(dir, func() Snapshot { return Snapshot{PID: 1} })
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := Read(dir); err != nil || len(got) != 1 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestReadWithoutRecorder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := Read(dir); !errors.Is(err, ErrNone) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, "4194305.sock") // above the highest possible process id
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if _, err := Read(dir); !errors.Is(err, ErrNone) {
		t.Errorf("dead socket: %v", err)
	}
	p, err := Publish(dir, func() Snapshot { return Snapshot{} })
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := os.Stat(dead); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the next recorder left the dead socket: %v", err)
	}
}

func TestPublishRefusesOpenFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(dir, func() Snapshot { return Snapshot{} }); err == nil {
		t.Error("published where anybody can put a socket")
	}
}
