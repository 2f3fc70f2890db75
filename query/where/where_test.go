// SPDX-License-Identifier: Apache-2.0

package where

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vexj/internal/glossary"
	"vexj/uapi"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func record(tb testing.TB) uapi.Record {
	tb.Helper()
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{
		EventID: 8<<56 | 5, Type: uapi.FSWrite, PID: 4711, Flags: uapi.FlagFailed | uapi.FlagAtomic, Priority: uapi.PriorityHigh,
		Parent: 77, RootCause: 66, VisibilityMask: ^uint64(0), Relevance: 80, CPU: 3,
		Subtype: uapi.MakeSubtype(uapi.ViaMmap, 0),
	})
	task := uapi.Task{TID: 4712, PPID: 1, UID: 1000, GID: 100, CgroupID: 9}
	copy(task.Comm[:], "vi")
	b.AddTask(task)
	b.AddFile(uapi.File{DevMajor: 8, DevMinor: 1, Inode: 1 << 63, Mode: 0o100644, Size: 4096, Nlink: 1})
	b.AddIO(uapi.IO{Offset: 10, Length: 20, Result: -28, Duration: 3e6})
	b.AddString(uapi.AttrPath, "/etc/app/conf.d/x")
	b.AddString(uapi.AttrArgv, "git\x00commit\x00\x00")
	b.AddU64(uapi.AttrSession, 1<<63|5)
	b.AddString(uapi.AttrAgentID, "ann")
	b.AddString(uapi.AttrTags, `["deploy","x"]`)
	r, err := b.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Clone(r)
}

func TestMatch(t *testing.T) {
	r := record(t)
	for _, tc := range []struct {
		text string
		want bool
	}{
		{`true`, true},
		{`type == "write" && category == "filesystem" && via == "mmap"`, true},
		{`type in ["create", "delete"]`, false},
		{`path.below("/etc")`, true},
		{`path.below("/etc/")`, true},
		{`path.below("/et")`, false},
		{`path.below("/etc/app/conf.d/x")`, true},
		{`path.startsWith("/etc") && path.endsWith("x") && path2 == ""`, true},
		{`path.matches("conf\\.d/[a-z]$")`, true},
		{`pid == 4711 && tid == pid + 1 && ppid == 1 && uid == 1000 && gid == 100`, true},
		{`comm == "vi" && cgroup == 9u`, true},
		{`argv == ["git", "commit", ""]`, true},
		{`argv.exists(a, a == "commit") && size(argv) == 3`, true},
		{`result == -28 && errno == "ENOSPC" && failed`, true},
		{`offset == 10 && length == 20 && duration < duration("5ms")`, true},
		{`inode == 9223372036854775808u && dev == "8:1" && mode % 512 == 420 && size == 4096 && nlink == 1`, true},
		{`agent == "ann" && session == 0x8000000000000005u`, true},
		{`"deploy" in tags && relevance >= 80 && priority <= 2`, true},
		{`"atomic" in flags && !("causal" in flags)`, true},
		{`id == 0x0800000000000005u && parent == 77u && root == 66u && cpu == 3 && producer == "test"`, true},
		{`"io" in attrs && !("name" in attrs)`, true},
		{`vector == 0u && node == 0u && intent == "" && confidence == 0`, true},
		{`time >= timestamp("2026-03-01T12:00:00Z") && time.getHours() == 12`, true},
		{`time > timestamp("2026-03-01T12:00:00Z")`, false},
		{`uid > 5u`, true},
		// Of a record for which the question makes no sense.
		{`argv[7] == "x"`, false},
		{`10 / (pid - 4711) == 1`, false},
		{`argv[7] == "x" || agent == "ann"`, true},
	} {
		e, err := Compile(tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		if got := e.Match(r, noon); got != tc.want || e.Err() != nil {
			t.Errorf("%s: got %v, %v", tc.text, got, e.Err())
		}
		if want := strings.Contains(tc.text, "time"); e.Timed() != want {
			t.Errorf("%s: timed is %v", tc.text, e.Timed())
		}
	}
}

// TestFields: each has a value of its type, of a record that has nothing too.
func TestFields(t *testing.T) {
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: 0x0977})
	empty, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Fields() {
		e, err := Compile("dyn(" + f.Name + ") == dyn(" + f.Name + ")")
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if !e.Match(record(t), noon) || !e.Match(empty, noon) {
			t.Errorf("%s is not itself", f.Name)
		}
		s := space{rec: empty, time: noon}
		v, ok := s.ResolveName(f.Name)
		if !ok || f.celType.TypeName() != f.get(&s).Type().TypeName() {
			t.Errorf("%s: declared %s, got %v", f.Name, f.celType, v)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	deep := strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200)
	hundred := "[" + strings.TrimSuffix(strings.Repeat("1,", 100), ",") + "]"
	endless := "true"
	for _, v := range []string{"a", "b", "c", "d", "e"} {
		endless = hundred + ".map(" + v + ", " + endless + ").size() > 0"
	}
	for _, tc := range []struct {
		name, text string
		want       error
		says       string
	}{
		{"empty", ``, ErrExpression, "Syntax error"},
		{"syntax", `type ==`, ErrExpression, "Syntax error"},
		{"no such field", `paths == ""`, ErrExpression, "--where help"},
		{"no such function", `system("rm -rf /")`, ErrExpression, "undeclared"},
		{"int and uint", `session == 5`, ErrExpression, "42u"},
		{"text and number", `path > 5`, ErrExpression, "no matching overload"},
		{"no bool", `path + "x"`, ErrExpression, "type string"},
		{"list", `[true]`, ErrExpression, "must be true or false"},
		{"regular expression", `path.matches("(")`, ErrExpression, ""},
		{"huge regular expression", `path.matches("((a{100}){100}){100}")`, ErrExpression, ""},
		{"deep", deep, ErrExpression, ""},
		{"long", `path == "` + strings.Repeat("x", maxLength) + `"`, ErrExpression, ""},
		{"endless", endless, ErrCost, "at most 100000"},
	} {
		_, err := Compile(tc.text)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
}

// TestCostLimit: what may run for ever is stopped, for good.
func TestCostLimit(t *testing.T) {
	inner := "$ == 99"
	for _, v := range []string{"a", "b", "c", "d", "e", "f"} {
		inner = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20].exists(" + v + ", " + strings.ReplaceAll(inner, "$", v) + " || $ > 20)"
	}
	e, err := Compile(strings.ReplaceAll(inner, "$", "1"))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if e.Match(record(t), noon) {
				t.Error("it is true")
			}
		})
	}
	group.Wait()
	if !errors.Is(e.Err(), ErrCost) {
		t.Errorf("got %v", e.Err())
	}
	// What is short is not stopped, though it might be long.
	if e, err = Compile(`argv.exists(a, argv.exists(b, argv.exists(c, a + b + c == "gitgitgit")))`); err != nil {
		t.Fatal(err)
	}
	if !e.Match(record(t), noon) || e.Err() != nil {
		t.Errorf("got %v", e.Err())
	}
}

// TestPlain: what is not interpreted has the value that CEL gives it.
func TestPlain(t *testing.T) {
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: 0x0977})
	empty, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var atoms []string
	for _, f := range Fields() {
		switch f.of.(type) {
		case func(uapi.Record) bool:
			atoms = append(atoms, f.Name)
		case func(uapi.Record) []string:
			atoms = append(atoms, `"io" in `+f.Name, `"atomic" in `+f.Name, `"" in `+f.Name)
		case func(uapi.Record) string:
			for _, v := range []string{``, `/`, `write`, `ann`, `/etc`, `/etc/`, `/etc/app/conf.d/x`, `x`} {
				for _, op := range []string{`==`, `!=`, `<`, `<=`, `>`, `>=`} {
					atoms = append(atoms, f.Name+op+`"`+v+`"`)
				}
				for _, method := range []string{`startsWith`, `endsWith`, `contains`, `below`} {
					atoms = append(atoms, f.Name+`.`+method+`("`+v+`")`)
				}
			}
			atoms = append(atoms, f.Name+` in ["write", "ann", ""]`, f.Name+` in []`)
		case func(uapi.Record) int64:
			for _, op := range []string{`==`, `!=`, `<`, `<=`, `>`, `>=`} {
				atoms = append(atoms, f.Name+op+`0`, f.Name+op+`-28`, f.Name+op+`4711`)
			}
		case func(uapi.Record) uint64:
			for _, op := range []string{`==`, `!=`, `<`, `<=`, `>`, `>=`} {
				atoms = append(atoms, f.Name+op+`0u`, f.Name+op+`77u`, f.Name+op+`9223372036854775808u`)
			}
		}
	}
	check := func(text string) {
		e, err := Compile(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if e.plain == nil {
			t.Errorf("%s is not plain", text)
			return
		}
		for _, r := range []uapi.Record{record(t), empty} {
			if got, want := e.Match(r, noon), e.interpret(r, noon); got != want {
				t.Errorf("%s: %v, CEL says %v", text, got, want)
			}
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, atom := range atoms {
		check(atom)
	}
	for range 300 {
		some := func() string { return []string{"(", "!("}[rnd.IntN(2)] + atoms[rnd.IntN(len(atoms))] + ")" }
		check(some() + " && " + some() + " || !(" + some() + " && (" + some() + " || " + some() + "))")
	}
	for _, text := range []string{`time > timestamp("2026-01-01T00:00:00Z")`, `pid == ppid`, `uid > 5u`, `argv[7] == "x"`, `"x" == path`,
		`path.matches("x")`, `path.below(path2)`, `path in argv`, `true`} {
		if e, err := Compile(text); err != nil || e.plain != nil {
			t.Errorf("%s: %v, plain is %v", text, err, e.plain != nil)
		}
	}
}

func TestTags(t *testing.T) {
	for text, want := range map[string][]string{
		`["a","b c"]`:                           {"a", "b c"},
		`{"a":true,"b":"x","c":null,"d":false}`: {"a", "b", "b=x"},
		`"a"`:                                   {"a"}, `[1,null,["a"]]`: nil, `a`: nil, ``: nil, `7`: nil,
	} {
		if got := Tags([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q", text, got)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{`type == "write"`, `argv.exists(a, a == "x")`, `path.matches("a*")`, `size(tags) > 2u`, "\"\\", `[1][0]`, `-`} {
		f.Add(text)
	}
	r := record(f)
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := Compile(text); err == nil {
			e.Match(r, noon)
		} else if !errors.Is(err, ErrExpression) && !errors.Is(err, ErrCost) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	r := record(b)
	for name, text := range map[string]string{
		"number": `uid == 1000`,
		"path":   `path.below("/etc") && failed`,
		"list":   `"deploy" in tags`,
	} {
		e, err := Compile(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Match(r, noon)
			}
		})
	}
}

// TestFieldsAreExplained holds the names against the glossary, whose examples are
// expressions.
func TestFieldsAreExplained(t *testing.T) {
	for _, f := range Fields() {
		if f.Doc == "" {
			t.Errorf("%s: no entry of the glossary explains it", f.Name)
		}
	}
	for _, e := range glossary.Entries() {
		if e.Where == "" {
			continue
		}
		if byName[e.Where] == nil {
			t.Errorf("%s is explained as %s, which expressions do not have", e.Name, e.Where)
		}
		if _, err := Compile(e.Expression); err != nil || !strings.Contains(e.Expression, e.Where) {
			t.Errorf("%s: the example %s: %v", e.Name, e.Expression, err)
		}
	}
}
