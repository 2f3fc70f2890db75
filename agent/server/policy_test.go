// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestPolicyGrants(t *testing.T) {
	p, err := ParsePolicy(`
# who may do what
socket mode=0660 group=77
user 1001  scopes=read,emit mask=0x3 requests=5 events=unlimited streams=0
user 0     scopes=read mask=all
group 50   scopes=read mask=0x10
group 60   scopes=all mask=all   # the first group counts
agent "a b#c" scopes=read,context mask=0x2 requests=7
agent mute scopes=none mask=none
other scopes=read mask=1
`)
	if err != nil {
		t.Fatal(err)
	}
	p.Owner = 4
	if p.Socket != (Socket{0o660, 77}) {
		t.Errorf("socket: %+v", p.Socket)
	}
	d := DefaultLimits
	for _, c := range []struct {
		uid    uint32
		groups []uint32
		agent  string
		want   Grant
		ok     bool
	}{
		{1001, nil, "", Grant{ScopeRead | ScopeEmit, 3, Limits{5, Unlimited, 0}}, true},
		{1001, []uint32{60}, "", Grant{ScopeRead | ScopeEmit, 3, Limits{5, Unlimited, 0}}, true},
		{0, nil, "", Grant{ScopeRead, ^uint64(0), d}, true},
		{4, nil, "", Grant{ScopeAll, ^uint64(0), d}, true},
		{9, []uint32{60, 50}, "", Grant{ScopeRead, 0x10, d}, true},
		{9, []uint32{60}, "", Grant{ScopeAll, ^uint64(0), d}, true},
		{9, nil, "", Grant{ScopeRead, 1, d}, true},
		{9, nil, "unknown", Grant{ScopeRead, 1, d}, true},
		{1001, nil, "a b#c", Grant{ScopeRead, 2, Limits{7, d.Events, d.Streams}}, true},
		{9, []uint32{60}, "mute", Grant{}, false},
	} {
		g, ok := p.Grant(c.uid, c.groups, c.agent)
		if ok != c.ok || ok && g != c.want {
			t.Errorf("%d %v %q: %+v, %v; want %+v, %v", c.uid, c.groups, c.agent, g, ok, c.want, c.ok)
		}
	}
}

func TestDefaultPolicyIsForItsOwnerAlone(t *testing.T) {
	p := DefaultPolicy()
	p.Owner = 7
	for uid, want := range map[uint32]bool{0: true, 7: true, 8: false} {
		if _, ok := p.Grant(uid, []uint32{0}, ""); ok != want {
			t.Errorf("user %d: %v", uid, ok)
		}
	}
}

func TestBadPolicies(t *testing.T) {
	for text, want := range map[string]string{
		"users alice scopes=read":                                      `line 1: "users": a line begins with`,
		"\n\nuser":                                                     "line 3: user what?",
		"user scopes=read mask=1":                                      "line 1: user what?",
		"user nobody-of-that-name scopes=read mask=1":                  "does not know the name",
		"user 1 scopes=read":                                           "the mask is missing",
		"user 1 mask=1":                                                "scopes are missing",
		"user 1 scopes=write mask=1":                                   `no such scope: "write"`,
		"user 1 scopes= mask=1":                                        "write KEY=VALUE",
		"user 1 scopes=read, emit mask=1":                              `"emit": write KEY=VALUE`,
		"user 1 scopes=read mask=0xg":                                  "mask=0xg",
		"user 1 scopes=read mask=0x1ffffffffffffffff":                  "a number of 64 bits",
		"user 1 scopes=read mask=1 mask=2":                             `"mask" is there twice`,
		"user 1 scopes=read mask=1 requests=-1":                        "requests=-1",
		"user 1 scopes=read mask=1 stream=1":                           `"stream": what can be given`,
		"user 1 scopes=read mask=1\nuser 01 scopes=read mask=1":        "line 2: line 1 spoke of user 1 already",
		"other scopes=read mask=1\nother scopes=read mask=1":           "line 2: line 1 spoke of other",
		"socket mode=0660\nsocket group=0":                             "line 2: line 1 spoke of socket",
		"socket mode=0999":                                             "it is octal",
		"socket mode=0060":                                             "gives its owner both rights",
		"socket owner=1":                                               "a socket has mode and group",
		`agent "claude scopes=read mask=1`:                             "the quotes do not end",
		`agent "claude"scopes=read mask=1`:                             "a blank is missing",
		"agent  x y scopes=read mask=1":                                `"y": write KEY=VALUE`,
		"other scopes=read mask=1 events=99999999999999999999":         "it is a number up to",
		"group 4294967296 scopes=read mask=1":                          "does not know the name",
		"user 1 scopes=read mask=1 # fine\ngroup wheel-less mask=none": "line 2: ",
	} {
		_, err := ParsePolicy(text)
		if !errors.Is(err, ErrPolicy) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

func TestPolicyFileOfOthers(t *testing.T) {
	name := filepath.Join(t.TempDir(), "agents.conf")
	if err := os.WriteFile(name, []byte("other scopes=read mask=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadPolicy(name); err != nil || p.Other == nil {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := os.Chmod(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPolicy(name); !errors.Is(err, ErrPolicy) || !strings.Contains(err.Error(), "others can change it") {
		t.Error(err)
	}
	if err := errors.Join(os.Chmod(name, 0o600), os.Truncate(name, maxPolicy+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPolicy(name); !errors.Is(err, ErrPolicy) {
		t.Error(err)
	}
	if _, err := ReadPolicy(name + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestScopeWords(t *testing.T) {
	for s := range ScopeAll + 1 {
		back, err := ParseScope(s.String())
		if err != nil || back != s {
			t.Errorf("%v: %v, %v", s, back, err)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("user 1 scopes=read mask=all\nagent \"x y\" scopes=all mask=0x2 events=3 # c\n")
	f.Add("socket mode=0660 group=5\nother scopes=none mask=none")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePolicy(text)
		if err != nil {
			if !errors.Is(err, ErrPolicy) {
				t.Fatalf("%v is no ErrPolicy", err)
			}
			return
		}
		again, err := ParsePolicy(text + "\n# end")
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("a comment changes it: %v", err)
		}
		for uid := range p.Users {
			if g, ok := p.Grant(uid, nil, ""); ok && g.Scopes == ScopeNone {
				t.Fatal("granted nothing")
			}
		}
	})
}
