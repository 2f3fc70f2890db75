// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func TestOpenWithoutModule(t *testing.T) {
	dir := t.TempDir()
	_, err := openPath(filepath.Join(dir, "none"))
	if !errors.Is(err, ErrNoModule) || !strings.Contains(err.Error(), "insmod vexj.ko") {
		t.Errorf("no device: %v", err)
	}
	// Something else under that name is no module.
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openPath(file); !errors.Is(err, ErrVersion) {
		t.Errorf("a plain file: %v", err)
	}
	if _, err := openPath("/dev/null"); !errors.Is(err, ErrVersion) {
		t.Errorf("another device: %v", err)
	}
}

func TestClosed(t *testing.T) {
	d := &Device{fd: -1}
	if _, err := d.Info(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Info: %v", err)
	}
	if _, err := d.Write([]byte{0}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestFilterRoundTrip(t *testing.T) {
	for _, f := range []uapi.Filter{
		{},
		{ModifyOnly: true},
		{FailedToo: true, CgroupID: 1 << 40},
		{PathPrefixes: []string{"/", "/a b\nc", "/" + strings.Repeat("x", 4094)}},
		{UIDs: []uint32{0, 1<<32 - 1}, Superblocks: []uint64{unix.Mkdev(8, 1), unix.Mkdev(4095, 1<<20-1)}},
		{Types: uapi.Types()},
		{Types: []uapi.Type{uapi.FSOpen, uapi.FSStat, uapi.SysMount, uapi.ProcExit}},
	} {
		v, prefixes, err := encode(&f)
		if err != nil {
			t.Errorf("%+v: %v", f, err)
			continue
		}
		got := decode(&v, prefixes)
		if len(f.UIDs) == 0 {
			got.UIDs = nil
		}
		if !reflect.DeepEqual(got, f) {
			t.Errorf("got %+v, want %+v", got, f)
		}
	}
}

func TestFilterRefused(t *testing.T) {
	many := make([]uint32, 9)
	for name, f := range map[string]uapi.Filter{
		"relative":        {PathPrefixes: []string{"a"}},
		"empty path":      {PathPrefixes: []string{""}},
		"NUL":             {PathPrefixes: []string{"/a\x00b"}},
		"long":            {PathPrefixes: []string{"/" + strings.Repeat("x", 4095)}},
		"many paths":      {PathPrefixes: strings.Split(strings.Repeat("/,", 8)+"/", ",")},
		"many users":      {UIDs: many},
		"many mounts":     {Superblocks: make([]uint64, 9)},
		"nothing is left": {Types: []uapi.Type{uapi.FSRead}, ModifyOnly: true},
	} {
		if _, _, err := encode(&f); !errors.Is(err, ErrFilter) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestContextRefused(t *testing.T) {
	for name, c := range map[string]uapi.Context{
		"nobody": {}, "both": {PID: 1, Cgroup: 1}, "long": {PID: 1, Agent: strings.Repeat("x", 65)},
	} {
		if _, err := encodeContext(&c); !errors.Is(err, uapi.ErrContext) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSplit(t *testing.T) {
	var b uapi.Builder
	record := func(payload string) []byte {
		b.Begin(uapi.Header{Type: uapi.AgentDecision})
		b.Payload([]byte(payload))
		rec, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return append([]byte(nil), rec...)
	}
	two := append(record("one"), record("another")...)
	if got, err := split(two); err != nil || len(got) != 2 {
		t.Errorf("%d records, %v", len(got), err)
	}
	if got, err := split(nil); err != nil || got != nil {
		t.Errorf("nothing: %v, %v", got, err)
	}
	for n := 1; n < len(two); n++ {
		got, err := split(two[:n])
		if whole := n == len(two)/2 || len(got) == 1; err == nil && !whole {
			t.Errorf("cut to %d bytes: %d records and no error", n, len(got))
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 132))
	f.Add(make([]byte, 300))
	f.Fuzz(func(t *testing.T, b []byte) {
		recs, err := split(b)
		n := 0
		for _, r := range recs {
			n += len(r)
		}
		if err == nil && n != len(b) {
			t.Errorf("%d of %d bytes became records", n, len(b))
		}
	})
}
