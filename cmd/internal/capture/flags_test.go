// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"vexj/agent/server"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

func parse(t *testing.T, args ...string) (Options, error) {
	t.Helper()
	var f Flags
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.Add(fs, true)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f.Options("test")
}

func TestFlags(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(dir, "policy")
	if err := os.WriteFile(policy, []byte("other scopes=read mask=1"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VEXJ_JOURNAL", "/j")
	t.Setenv("VEXJ_RUN_DIR", "/r")
	t.Setenv("VEXJ_POLICY", "/none")
	for _, c := range []struct {
		args []string
		want func(o *Options)
	}{
		{nil, func(*Options) {}},
		{[]string{"--producer", "bpf-syscall", "--require"}, func(o *Options) { o.Producer, o.Require = "bpf-syscall", true }},
		{[]string{"--ring-size", "4M"}, func(o *Options) { o.RingBytes = 4 << 20 }},
		{[]string{"--ring-size", "64K"}, func(o *Options) { o.RingBytes = 64 << 10 }},
		{[]string{"--ring-size", "65536"}, func(o *Options) { o.RingBytes = 64 << 10 }},
		{[]string{"--durability", "batch"}, func(o *Options) { o.Durability = userjournal.DurabilityBatch }},
		{[]string{"--max-size", "1G", "--max-age", "30d", "--archive", "/a", "--archive-after", "1h"}, func(o *Options) {
			o.Upkeep = Upkeep{MaxBytes: 1 << 30, MaxAge: 720 * time.Hour, Archive: "/a", ArchiveAge: time.Hour}
		}},
		{[]string{"--shard", "/a", "--shard", "/b,c"}, func(o *Options) { o.Shards = []string{"/a", "/b,c"} }},
		{[]string{"--socket", "/s"}, func(o *Options) { o.Agents.Socket, o.Agents.Must = "/s", true }},
		{[]string{"--socket", "none"}, func(o *Options) { o.Agents.Socket = "" }},
		{[]string{"--policy", policy}, func(o *Options) {
			o.Agents.Policy.Other = &server.Grant{Scopes: server.ScopeRead, Mask: 1, Limits: server.DefaultLimits}
		}},
		{[]string{"--journal", "x"}, func(o *Options) { o.Journal = "x" }},
		{[]string{"--type", "process", "--type", "write,-fork"}, func(o *Options) {
			o.Filter.Types = []uapi.Type{uapi.FSWrite, uapi.ProcExec, uapi.ProcExit}
		}},
		{[]string{"--path", link, "--path", "/nowhere/../none"}, func(o *Options) {
			o.Filter.PathPrefixes = []string{filepath.Join(dir, "real"), "/none"}
		}},
		{[]string{"--filesystem", dir}, func(o *Options) { o.Filter.Superblocks = []uint64{info.Sys().(*syscall.Stat_t).Dev} }},
		{[]string{"--modify-only", "--failed"}, func(o *Options) { o.Filter.ModifyOnly, o.Filter.FailedToo = true, true }},
		{[]string{"--cgroup", "17"}, func(o *Options) { o.Filter.CgroupID = 17 }},
		{[]string{"--pid-tree", "1,2"}, func(o *Options) { o.Filter.TGIDTree = []uint32{1, 2} }},
		{[]string{"--uid", "root", "--uid", "4294967295"}, func(o *Options) { o.Filter.UIDs = []uint32{0, 1<<32 - 1} }},
	} {
		want := Options{Program: "test", Producer: "auto", Journal: "/j", RunDir: "/r", Agents: Agents{
			Socket: place.AgentSocket(false), Policy: server.DefaultPolicy()}}
		c.want(&want)
		got, err := parse(t, c.args...)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v, want %+v", c.args, got, err, want)
		}
	}
}

func TestFlagsRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		is   error
	}{
		{[]string{"--producer", "magic"}, exit.Usage, ErrProducer},
		{[]string{"--producer", ""}, exit.Usage, ErrProducer},
		{[]string{"--require"}, exit.Usage, ErrRequire},
		{[]string{"--ring-size", "0"}, exit.Usage, nil},
		{[]string{"--ring-size", "M"}, exit.Usage, nil},
		{[]string{"--ring-size", "3M"}, exit.Usage, nil},
		{[]string{"--ring-size", "-4M"}, exit.Usage, nil},
		{[]string{"--ring-size", "1"}, exit.Usage, nil},
		{[]string{"--ring-size", "9999999999999999999M"}, exit.Usage, nil},
		{[]string{"--durability", "x"}, exit.Usage, userjournal.ErrOption},
		{[]string{"--max-size", "x"}, exit.Usage, nil},
		{[]string{"--max-age", "-1h"}, exit.Usage, nil},
		{[]string{"--archive-after", "1h"}, exit.Usage, nil},
		{[]string{"--policy", "/dev/null/x"}, exit.Error, nil},
		{[]string{"--policy", "flags_test.go"}, exit.Usage, server.ErrPolicy},
		{[]string{"--type", "x"}, exit.Usage, query.ErrType},
		{[]string{"--pid-tree", "0"}, exit.Usage, nil},
		{[]string{"--pid-tree", "2147483648"}, exit.Usage, nil},
		{[]string{"--uid", "no such user"}, exit.Usage, nil},
		{[]string{"--uid", "-1"}, exit.Usage, nil},
		{[]string{"--cgroup", "no/such/group"}, exit.Error, os.ErrNotExist},
		{[]string{"--cgroup", "0"}, exit.Error, os.ErrNotExist},
		{[]string{"--filesystem", "/no/such/path"}, exit.Error, os.ErrNotExist},
	} {
		_, err := parse(t, c.args...)
		if exit.Code(err) != c.code || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%q: code %d, %v", c.args, exit.Code(err), err)
		}
	}
}

func TestRungs(t *testing.T) {
	for _, c := range []struct {
		producer string
		require  bool
		want     []string
	}{
		{"auto", false, []string{"kmod", "bpf-vfs", "bpf-syscall"}},
		{"kmod", false, []string{"kmod", "bpf-vfs", "bpf-syscall"}},
		{"kmod", true, []string{"kmod"}},
		{"bpf", true, []string{"bpf-vfs", "bpf-syscall"}},
		{"bpf-vfs", false, []string{"bpf-vfs", "bpf-syscall"}},
		{"bpf-vfs", true, []string{"bpf-vfs"}},
		{"bpf-syscall", false, []string{"bpf-syscall"}},
	} {
		o := Options{Producer: c.producer, Require: c.require}
		var got []string
		for _, r := range o.rungs() {
			got = append(got, r.name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, require %v: got %q", c.producer, c.require, got)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 4 << 20: "4.0 MiB", 1<<64 - 1: "16.0 EiB",
	} {
		if got := Size(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
