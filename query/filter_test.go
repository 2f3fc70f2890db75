// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

func compile(tb testing.TB, c Conditions) *Filter {
	tb.Helper()
	f, err := c.Compile(All)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func wall(ktime int64) time.Time { return time.Unix(0, wallOffset+ktime) }

func TestFilterMatch(t *testing.T) {
	m := records(t, []operation{
		0: {t: uapi.FSWrite, pid: 10, uid: 1000, comm: "vi", path: "/home/ann/a.txt", inode: 7, ktime: 100},
		1: {t: uapi.FSRename, pid: 11, uid: 0, comm: "mv", path: "/tmp/x", path2: "/home/ann/b.txt", inode2: 7, ktime: 200},
		2: {t: uapi.FSOpen, flags: uapi.FlagFailed, pid: 10, uid: 1000, comm: "sixteen bytes!!!", path: "/etc/shadow", result: -13, agent: "builder", session: 9, ktime: 300},
		3: {t: uapi.FSStat, flags: uapi.FlagPathTruncated, pid: 12, path: ".../deep/c.txt", ktime: 400},
		4: {t: uapi.SysLost, ktime: 500},
		5: {t: uapi.ProcExec, pid: 13, uid: 33, comm: "php-fpm8.2", path: "/usr/sbin/php-fpm8.2", session: 9, ktime: 600},
		6: {t: 0x0199, pid: 10, path2: "/home/ann/c", ktime: 700},
	})
	for _, tc := range []struct {
		name string
		c    Conditions
		want []int
	}{
		{"all", Conditions{}, []int{0, 1, 2, 3, 4, 5, 6}},
		{"type", Conditions{Types: []uapi.Type{uapi.FSWrite, uapi.ProcExec}}, []int{0, 5}},
		{"unknown type", Conditions{Types: []uapi.Type{0x0199}}, []int{6}},
		{"pid", Conditions{PIDs: []uint32{10, 13}}, []int{0, 2, 5, 6}},
		{"path", Conditions{Paths: []string{"/home/ann/**"}}, []int{0, 1, 6}},
		{"paths", Conditions{Paths: []string{"/etc/*", "/tmp/x"}}, []int{1, 2}},
		{"cut path", Conditions{Paths: []string{"*.txt"}}, []int{0, 1, 3}},
		{"uid", Conditions{UIDs: []uint32{0, 33}}, []int{1, 5}},
		{"command", Conditions{Commands: []string{"mv"}}, []int{1}},
		{"command pattern", Conditions{Commands: []string{"php*"}}, []int{5}},
		{"longest command", Conditions{Commands: []string{"sixteen bytes!!!"}}, []int{2}},
		{"cut command", Conditions{Commands: []string{"sixteen"}}, nil},
		{"failed", Conditions{Failed: true}, []int{2}},
		{"succeeded", Conditions{Succeeded: true}, []int{0, 1, 3, 4, 5, 6}},
		{"truncated", Conditions{Truncated: true}, []int{3}},
		{"failed and truncated", Conditions{Failed: true, Truncated: true}, nil},
		{"losses", Conditions{Paths: []string{"/tmp/x"}, Failed: false, Where: `comm == "mv"`, Losses: true}, []int{1, 4}},
		{"losses in time", Conditions{Types: []uapi.Type{uapi.ProcExec}, Since: wall(550), Losses: true}, []int{5}},
		{"since", Conditions{Since: wall(400)}, []int{3, 4, 5, 6}},
		{"until", Conditions{Until: wall(200)}, []int{0}},
		{"between", Conditions{Since: wall(200), Until: wall(401)}, []int{1, 2, 3}},
		{"inode", Conditions{Inodes: []uint64{7}}, []int{0, 1}},
		{"agent", Conditions{Agents: []string{"nobody", "builder"}}, []int{2}},
		{"session", Conditions{Sessions: []uint64{9}}, []int{2, 5}},
		{"session and agent", Conditions{Sessions: []uint64{9}, Agents: []string{"builder"}}, []int{2}},
		{"several", Conditions{PIDs: []uint32{10}, UIDs: []uint32{1000}, Paths: []string{"/home/**"}}, []int{0}},
		{"command and path2", Conditions{Commands: []string{"m?"}, Paths: []string{"*.txt"}}, []int{1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := compile(t, tc.c)
			var got []int
			err := f.Scan(m, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
				got = append(got, int(ordinal)-1)
				return nil
			})
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("got %v, %v, want %v", got, err, tc.want)
			}
		})
	}
}

func TestFilterFields(t *testing.T) {
	m := records(t, []operation{
		0: {t: uapi.FSWrite, priority: uapi.PriorityCritical, relevance: 90, tags: `["build","x y"]`},
		1: {t: uapi.SemIntent, priority: uapi.PriorityHigh, transaction: 5, tags: `{"build":true,"team":"core","off":false}`},
		2: {t: uapi.AgentDecision, priority: uapi.PriorityLow, chain: 6, relevance: 100, tags: `["b\u0075ild"]`},
		3: {t: 0x0177, flags: uapi.FlagAtomic | uapi.FlagIndexed, transaction: 5, chain: 6, tags: `"build"`},
		4: {t: uapi.FSDelete, flags: uapi.FlagAtomic | uapi.FlagFailed, tags: `build`},
		5: {t: uapi.VectorCreate, priority: 7, relevance: 50, tags: `["team=core", 7, null]`},
	})
	j := write(t, m, userjournal.Options{})
	for _, tc := range []struct {
		name string
		c    Conditions
		want []int
	}{
		{"category", Conditions{Categories: []uapi.Category{uapi.CategoryFilesystem}}, []int{0, 3, 4}},
		{"categories", Conditions{Categories: []uapi.Category{uapi.CategorySemantic, uapi.CategoryAgent}}, []int{1, 2}},
		{"category and type", Conditions{Categories: []uapi.Category{uapi.CategoryFilesystem}, Types: []uapi.Type{uapi.FSDelete, uapi.SemIntent}}, []int{4}},
		{"no such category", Conditions{Categories: []uapi.Category{uapi.CategoryGraph}}, nil},
		{"transaction", Conditions{Transactions: []uint64{4, 5}}, []int{1, 3}},
		{"chain", Conditions{Chains: []uint64{6}}, []int{2, 3}},
		{"chain and transaction", Conditions{Chains: []uint64{6}, Transactions: []uint64{5}}, []int{3}},
		{"priority", Conditions{MinPriority: uapi.PriorityHigh}, []int{0, 1}},
		{"least priority", Conditions{MinPriority: uapi.PriorityBackground}, []int{0, 1, 2, 3, 4}},
		{"relevance", Conditions{MinRelevance: 90}, []int{0, 2}},
		{"flags", Conditions{Flags: uapi.FlagAtomic | uapi.FlagIndexed}, []int{3}},
		{"flags and success", Conditions{Flags: uapi.FlagAtomic, Succeeded: true}, []int{3}},
		{"flags and failure", Conditions{Flags: uapi.FlagAtomic, Failed: true}, []int{4}},
		{"tag", Conditions{Tags: []string{"build"}}, []int{0, 1, 2, 3}},
		{"tags", Conditions{Tags: []string{"off", "x y", "team=core"}}, []int{0, 1, 5}},
		{"name of a tag", Conditions{Tags: []string{"team"}}, []int{1}},
		{"part of a tag", Conditions{Tags: []string{"buil", "x"}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := compile(t, tc.c)
			for name, from := range map[string]Journal{"memory": m, "journal": j} {
				var got []int
				err := f.Scan(from, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
					got = append(got, int(ordinal)-1)
					return nil
				})
				if err != nil || !slices.Equal(got, tc.want) {
					t.Errorf("%s: got %v, %v, want %v", name, got, err, tc.want)
				}
			}
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		c    Conditions
		want error
	}{
		{"path", Conditions{Paths: []string{"/a["}}, ErrPattern},
		{"command", Conditions{Commands: []string{"{"}}, ErrPattern},
		{"flags", Conditions{Failed: true, Succeeded: true}, ErrCondition},
		{"required flags", Conditions{Flags: uapi.FlagFailed, Succeeded: true}, ErrCondition},
		{"priority", Conditions{MinPriority: 6}, ErrCondition},
		{"relevance", Conditions{MinRelevance: 101}, ErrCondition},
		{"times", Conditions{Since: wall(5), Until: wall(5)}, ErrCondition},
	} {
		if f, err := tc.c.Compile(All); !errors.Is(err, tc.want) || f != nil {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

// TestTaskLayout: the filter reads two fields of the task where they stand.
func TestTaskLayout(t *testing.T) {
	r := operation{uid: 0x01020304, comm: "abcdefghijklmnop"}.record(t, uapi.NewBuilder(nil))
	v, _ := r.Attr(uapi.AttrTask)
	f := &Filter{uids: []uint32{0x01020304}, commands: []component{compileComponent("abcdefghijklmnop")}}
	if len(v) != taskSize || !f.matchTask(v) {
		t.Errorf("the task attribute is not where the filter looks")
	}
	if f.matchTask(v[:taskSize-1]) {
		t.Error("half a task attribute matches")
	}
}

// storm makes records as a busy machine does: phases in which a few processes
// work below one directory each.
func storm(tb testing.TB, n int) memory {
	rng := rand.New(rand.NewPCG(3, 4))
	types := []uapi.Type{uapi.FSOpen, uapi.FSRead, uapi.FSWrite, uapi.FSClose, uapi.FSStat}
	dirs := []string{"/srv/db", "/home/ann/src", "/var/log", "/usr/lib/x86_64-linux-gnu"}
	names := []string{"a.go", "main.c", "syslog.1", "deep/er/table.ibd", "lib.so.6"}
	b := uapi.NewBuilder(nil)
	var m memory
	for i := range n {
		phase := i * 16 / n
		o := operation{
			t: types[rng.IntN(len(types))], pid: uint32(100 + phase*3 + rng.IntN(3)), uid: uint32(1000 + phase%2), comm: fmt.Sprintf("worker-%d", phase),
			path: fmt.Sprintf("%s/%d/%s", dirs[phase%len(dirs)], phase, names[rng.IntN(len(names))]), ktime: uint64(i+1) * 1000,
		}
		if phase == 7 && i%5 == 0 {
			o.flags, o.result = uapi.FlagFailed, -2
		}
		if phase == 9 && i%9 == 0 {
			o.flags, o.path = uapi.FlagPathTruncated, ".../cut/"+names[rng.IntN(len(names))]
		}
		if phase == 3 && i%7 == 0 {
			o.t, o.path2 = uapi.FSRename, "/renamed/to"
		}
		m = append(m, o.record(tb, b))
	}
	return m
}

func write(tb testing.TB, m memory, o userjournal.Options) *userjournal.Reader {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "journal")
	w, err := userjournal.Create(dir, o)
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range m {
		if _, err := w.Append(r); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	j, err := userjournal.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = j.Close() })
	return j
}

// TestScanSkipsNothingThatMatches holds scans that skip blocks by their zone
// maps against asking about each record.
func TestScanSkipsNothingThatMatches(t *testing.T) {
	m := storm(t, 20_000)
	j := write(t, m, userjournal.Options{BlockSize: userjournal.MinBlockSize})
	at := func(i int) time.Time { return j.WallTime(uint64(i)+1, m[i].Ktime()) }
	blocks := 0
	count := func(*userjournal.ZoneMap) bool {
		blocks++
		return false
	}
	if err := j.Scan(userjournal.ScanOptions{Filter: count}, nil); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		c     Conditions
		skips bool
	}{
		{"all", Conditions{}, false},
		{"type", Conditions{Types: []uapi.Type{uapi.FSRename}}, true},
		{"common type", Conditions{Types: []uapi.Type{uapi.FSRead}}, false},
		{"pid", Conditions{PIDs: []uint32{107, 9999}}, true},
		{"directory", Conditions{Paths: []string{"/srv/db/4/**"}}, true},
		{"file", Conditions{Paths: []string{"/var/log/6/syslog.1"}}, true},
		{"second path", Conditions{Paths: []string{"/renamed/to"}}, true},
		{"name", Conditions{Paths: []string{"*.go"}}, false},
		{"below and name", Conditions{Paths: []string{"/home/ann/src/5/**/*.c", "/srv/db/0/a.go"}}, true},
		{"general", Conditions{Paths: []string{"/usr/lib/*/3/{lib,x}.so.?"}}, true},
		{"nowhere", Conditions{Paths: []string{"/no/such/**"}}, true},
		{"failed", Conditions{Failed: true}, true},
		{"succeeded", Conditions{Succeeded: true}, false},
		{"truncated", Conditions{Truncated: true}, true},
		{"command", Conditions{Commands: []string{"worker-1*"}}, false},
		{"time", Conditions{Since: at(5000), Until: at(6000)}, true},
		{"time and type", Conditions{Since: at(19_999), Types: []uapi.Type{uapi.FSOpen, uapi.FSRead, uapi.FSWrite, uapi.FSClose, uapi.FSStat}}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := compile(t, tc.c)
			matches := f.Matches(j)
			var got, want []uint64
			for i, r := range m {
				if matches(uint64(i)+1, r) {
					want = append(want, uint64(i)+1)
				}
			}
			read := 0
			counting := func(z *userjournal.ZoneMap) bool {
				read++
				return true
			}
			err := f.Scan(j, userjournal.ScanOptions{Filter: counting}, func(ordinal uint64, r uapi.Record) error {
				got = append(got, ordinal)
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("got %d records, %v, want %d", len(got), err, len(want))
			}
			if skipped := read < blocks; skipped != tc.skips {
				t.Errorf("read %d of %d blocks", read, blocks)
			}
			slices.Reverse(want)
			got = nil
			err = f.Scan(j, userjournal.ScanOptions{Reverse: true}, func(ordinal uint64, r uapi.Record) error {
				got = append(got, ordinal)
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("in reverse: got %d records, %v, want %d", len(got), err, len(want))
			}
		})
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	r := storm(t, 1)[0]
	f := compile(t, Conditions{
		Types: []uapi.Type{r.Type()}, PIDs: []uint32{r.PID()}, UIDs: []uint32{1000}, Commands: []string{"nobody", "work*"},
		Paths: []string{"/a", "/a/**", "/a/*", "/srv/[a-z]*/{0,1}/**/x", "/**/nothing", "*.x", "/srv/**"},
	})
	if !f.Match(r) {
		t.Fatal("no match")
	}
	if n := testing.AllocsPerRun(100, func() { f.Match(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
