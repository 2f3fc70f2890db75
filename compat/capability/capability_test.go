// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestJudge(t *testing.T) {
	errNo := errors.New("no such thing")
	for _, c := range []struct {
		err  error
		want Status
		do   string
	}{
		{nil, Yes, ""},
		{fmt.Errorf("trying: %w", errNo), No, ""},
		{fmt.Errorf("trying: %w", unix.EPERM), Unknown, "root"},
		{errors.Join(errNo, unix.EPERM), No, ""},
		{unix.ENOMEM, Unknown, ""},
	} {
		f := Judge("x", c.err, errNo)
		if f.Status != c.want || !strings.Contains(f.Do, c.do) || (f.Why == "") != (c.err == nil) || strings.Contains(f.Why, "\n") {
			t.Errorf("%v: got %+v, want %s", c.err, f, c.want)
		}
	}
}

// TestMemory: conclusive answers are asked for once, others again.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		answer Finding
		asked  int
	}{
		{Finding{Status: Yes}, 1},
		{Finding{Status: No}, 1},
		{Finding{Status: Unknown}, 3},
		{Finding{Status: Yes, Fleeting: true}, 3},
		{Finding{Status: No, Fleeting: true}, 3},
	} {
		asked := 0
		p := New(Probe{"x", func(context.Context) Finding { asked++; return c.answer }})
		for range 3 {
			if f := p.Ask(t.Context(), "x"); f.Status != c.answer.Status || f.Feature != "x" {
				t.Errorf("%+v: got %+v", c.answer, f)
			}
		}
		if asked != c.asked {
			t.Errorf("%+v: asked %d times, want %d", c.answer, asked, c.asked)
		}
	}
	if f := New().Ask(t.Context(), "x"); f.Status != Unknown || f.Why == "" {
		t.Errorf("a feature that nobody knows: %+v", f)
	}
}

// TestCancelled: what was not asked is unknown, and not remembered.
func TestCancelled(t *testing.T) {
	p := New(Probe{"x", func(context.Context) Finding { return Finding{Status: Yes} }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if f := p.Ask(ctx, "x"); f.Status != Unknown {
		t.Errorf("got %+v", f)
	}
	if f := p.Ask(t.Context(), "x"); f.Status != Yes {
		t.Errorf("got %+v", f)
	}
}

func TestModule(t *testing.T) {
	kernel, err := release()
	if err != nil {
		t.Fatal(err)
	}
	dep := filepath.Join("lib", kernel, "modules.dep")
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Status
		last  bool
		why   string
		do    string
	}{
		{"a device that opens", map[string]string{"device": "", "proc": ""}, Yes, false, "", ""},
		{"no modules", nil, No, true, "loads no modules", "bpf"},
		{"disabled", map[string]string{"proc": "", "disabled": "1\n"}, No, true, "disabled", "before"},
		{"loaded without device", map[string]string{"proc": "", "loaded": ""}, No, false, "is loaded", "dmesg"},
		{"installed", map[string]string{"proc": "", "disabled": "0\n", dep: "extra/vexj.ko.xz: fs/x.ko\n"}, No, false, "not loaded", "modprobe vexj"},
		{"not installed", map[string]string{"proc": "", dep: "a.ko: extra/vexj.ko\n"}, No, false, "not installed", "make kmod"},
		{"no list", map[string]string{"proc": ""}, No, false, "not installed", "make kmod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			in := func(name string) string { return filepath.Join(dir, name) }
			for name, text := range c.files {
				if err := os.MkdirAll(filepath.Dir(in(name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(in(name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			m := modulePaths{device: in("device"), loaded: in("loaded"), modules: in("proc"), disabled: in("disabled"), library: in("lib")}
			f := m.ask()
			if f.Status != c.want || f.Conclusive() != c.last || !strings.Contains(f.Why, c.why) || !strings.Contains(f.Do, c.do) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestUring(t *testing.T) {
	for _, c := range []struct {
		errno    unix.Errno
		disabled string
		want     Status
	}{
		{unix.EFAULT, "0", Yes},
		{unix.EINVAL, "", Yes},
		{unix.ENOSYS, "", No},
		{unix.EPERM, "2", No},
		{unix.EPERM, "1", Unknown},
		{unix.ENOMEM, "0", Unknown},
	} {
		if f := judgeUring(c.errno, c.disabled); f.Status != c.want || (f.Why == "") != (c.want == Yes) {
			t.Errorf("%v, disabled %q: got %+v", c.errno, c.disabled, f)
		}
	}
}

func TestPassthroughOffer(t *testing.T) {
	request := func(n int, flags, flags2 uint32) []byte {
		b := make([]byte, 104)
		binary.LittleEndian.PutUint32(b[fuseInitFlags:], flags)
		binary.LittleEndian.PutUint32(b[fuseInitFlags2:], flags2)
		return b[:n]
	}
	for _, c := range []struct {
		name    string
		request []byte
		want    Status
	}{
		{"offered", request(104, fuseInitExt, fusePassthrough2), Yes},
		{"not offered", request(104, fuseInitExt, ^uint32(fusePassthrough2)), No},
		{"old, with other bits there", request(104, 0, fusePassthrough2), No},
		{"old and short", request(56, fuseInitExt, 0), No},
		{"cut", request(50, 0, 0), Unknown},
	} {
		if f := Judge("", judgeOffer(c.request), errNoPassthrough); f.Status != c.want {
			t.Errorf("%s: got %+v, want %s", c.name, f, c.want)
		}
	}
}

// TestThisMachine asks everything for real: each answer is one of the three,
// a no or an unknown says why, and root leaves nothing unknown for want of
// permission.
func TestThisMachine(t *testing.T) {
	for _, f := range New(Kernel()...).All(t.Context()) {
		t.Logf("%-18s %-7s %s; %s", f.Feature, f.Status, f.Why, f.Do)
		switch {
		case f.Status != Yes && f.Status != No && f.Status != Unknown:
			t.Errorf("%s: status %q", f.Feature, f.Status)
		case f.Status != Yes && f.Why == "":
			t.Errorf("%s: no reason for %s", f.Feature, f.Status)
		case f.Status == No && f.Do == "":
			t.Errorf("%s: nothing to do about it", f.Feature)
		case os.Geteuid() == 0 && f.Status == Unknown && strings.Contains(f.Do, "root"):
			t.Errorf("%s: unknown though root asked: %s", f.Feature, f.Why)
		}
	}
}
