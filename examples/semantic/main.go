// SPDX-License-Identifier: Apache-2.0

// Command semantic shows what a program can do with a journal, step by step, and prints
// what each step took. Without a recorder it journals by itself:
//
//	go run ./examples/semantic
//
// Under one, its records stand in one order with what the kernel saw it do:
//
//	go build -o /tmp/semantic ./examples/semantic
//	vexjctl run --journal /tmp/journal --agent demo --session one -- /tmp/semantic -journal /tmp/journal
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"vexj/agent"
	"vexj/hnsw"
	"vexj/query"
	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
	"vexj/vector/collection"
)

func main() {
	journal := flag.String("journal", "", "the recorder's `folder`, or where to make one; a temporary one if empty")
	vectors := flag.Int("vectors", 2000, "`number` of vectors")
	flag.Parse()
	if err := demo(context.Background(), *journal, *vectors); err != nil {
		fmt.Fprintln(os.Stderr, "semantic:", err)
		os.Exit(1)
	}
}

// A show is the demonstration under way.
type show struct {
	ctx  context.Context
	dir  string // for files of its own
	j    *agent.Journal
	read string // the journal's directory
}

func demo(ctx context.Context, journal string, vectors int) (err error) {
	dir, err := os.MkdirTemp("", "vexj-semantic-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &show{ctx: ctx, dir: dir, read: journal}
	if journal == "" {
		s.read = filepath.Join(dir, "journal")
	}
	// `vexjctl run` says where its socket is. Without one the program is its own
	// recorder, with the same calls.
	place := os.Getenv("VEXJ_SOCKET")
	o := agent.Options{Journal: s.read}
	if place == "" {
		place, o.Agent, o.Session = s.read, "demo", "one"
	}
	if s.j, err = agent.Open(place, o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.j.Close()) }()
	fmt.Printf("journal      %s, %s\n", s.read, map[bool]string{true: "of the program's own", false: "of a recorder"}[s.j.Alone()])

	for _, step := range []struct {
		name string
		do   func() (string, error)
	}{
		{"stream", s.stream},
		{"files", s.files},
		{"agent", s.thoughts},
		{"transaction", s.transaction},
		{"graph", s.graph},
		{"measures", s.measures},
		{"vectors", func() (string, error) { return s.vectors(vectors) }},
		{"settled", s.settled},
		{"filters", s.filters},
		{"order", s.order},
		{"replay", s.replay},
	} {
		begun := time.Now()
		found, err := step.do()
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Printf("%-12s %s; %.1f ms\n", step.name, found, float64(time.Since(begun).Microseconds())/1000)
	}
	return nil
}

// stream follows the journal while it is written to, and tells how soon a record that
// was emitted was seen.
func (s *show) stream() (string, error) {
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	const n = 20
	sent := make(map[uint64]time.Time, n)
	for i := range n {
		id, err := s.j.Log(s.ctx, uapi.PriorityLow, fmt.Sprintf("line %d", i))
		if err != nil {
			return "", err
		}
		sent[id] = time.Now()
	}
	seen, slowest, cursor := 0, time.Duration(0), ""
	err := s.j.Subscribe(ctx, query.Conditions{Types: []uapi.Type{uapi.ObsLog}}, "", func(f agent.Found) error {
		at, mine := sent[f.Record.EventID()]
		if !mine {
			return nil
		}
		slowest, cursor = max(slowest, time.Since(at)), f.Cursor
		if seen++; seen == n {
			return userjournal.ErrStop
		}
		return nil
	})
	if err != nil || seen != n {
		return "", errors.Join(err, fmt.Errorf("%d of %d records were seen", seen, n))
	}
	return fmt.Sprintf("%d records followed, the slowest seen after %v; go on behind %.16s...", seen, slowest.Round(time.Millisecond), cursor), nil
}

// files works on files under an intent. A recorder sees it; without one the program has
// to say it.
func (s *show) files() (string, error) {
	in, err := s.j.Begin(s.ctx, "write three files and rename one", filepath.Join(s.dir, "work/**"))
	if err != nil {
		return "", err
	}
	work := filepath.Join(s.dir, "work")
	did := func(t uapi.Type, path, path2 string, n int) error {
		if !s.j.Alone() {
			return nil
		}
		_, err := s.j.File(s.ctx, t, path, path2, uapi.IO{Length: uint64(n), Result: int64(n)})
		return err
	}
	err = errors.Join(os.Mkdir(work, 0o755), did(uapi.FSMkdir, work, "", 0))
	for i := range 3 {
		name := filepath.Join(work, fmt.Sprintf("file%d", i))
		err = errors.Join(err, os.WriteFile(name, []byte("hello"), 0o644), did(uapi.FSCreate, name, "", 0), did(uapi.FSWrite, name, "", 5))
	}
	from, to := filepath.Join(work, "file0"), filepath.Join(work, "renamed")
	err = errors.Join(err, os.Rename(from, to), did(uapi.FSRename, from, to, 0), in.End(s.ctx))
	return fmt.Sprintf("8 operations under the intent 0x%016x", in.ID()), err
}

// thoughts are an agent's records, with what caused what.
func (s *show) thoughts() (string, error) {
	question, err := s.j.Emit(s.ctx, agent.Event{Type: uapi.AgentQuery, Intent: "which file is the largest?", Tags: []string{"demo"}})
	if err != nil {
		return "", err
	}
	reason, err := s.j.Reason(s.ctx, "they are all of one size", question)
	if err != nil {
		return "", err
	}
	decision, err := s.j.Decide(s.ctx, "none", 90, question, reason)
	if err != nil {
		return "", err
	}
	_, err = s.j.Link(s.ctx, question, decision, "answered")
	return "a question, a reason, a decision with two causes, a link", err
}

func (s *show) transaction() (string, error) {
	tx, err := s.j.Transaction(s.ctx)
	if err != nil {
		return "", err
	}
	const n = 200
	begun := time.Now()
	for range n {
		if _, err := tx.Emit(s.ctx, agent.Event{Type: uapi.AgentLearning, Relevance: 50}); err != nil {
			return "", err
		}
	}
	took := time.Since(begun)
	return fmt.Sprintf("%d records of transaction %d, %.1f us each", n, tx.ID(), float64(took.Microseconds())/n), tx.End(s.ctx, true)
}

func (s *show) graph() (string, error) {
	for n := range uint64(3) {
		if _, err := s.j.Node(s.ctx, uapi.GraphNodeCreate, n+1, map[string]string{"kind": "file"}); err != nil {
			return "", err
		}
	}
	_, err := s.j.Edge(s.ctx, uapi.GraphEdgeCreate, 1, 2, map[string]string{"kind": "imports"})
	return "3 nodes and an edge", err
}

func (s *show) measures() (string, error) {
	if _, err := s.j.Metric(s.ctx, "tests.passed", 42); err != nil {
		return "", err
	}
	span, err := s.j.Emit(s.ctx, agent.Event{Type: uapi.ObsSpanStart, Metadata: map[string]string{"name": "demo"}})
	if err != nil {
		return "", err
	}
	_, err = s.j.Emit(s.ctx, agent.Event{Type: uapi.ObsSpanEnd, Cause: span})
	return "a metric and a span", err
}

// vectors keeps vectors, finds some, and makes store and graph again from their
// journal, to the last bit.
func (s *show) vectors(n int) (_ string, err error) {
	dir := filepath.Join(s.dir, "vectors")
	config := collection.Config{Config: vector.Config{Name: "demo", Dims: 32}}
	k, err := collection.Create(dir, config, collection.Options{})
	if err != nil {
		return "", err
	}
	r := rand.New(rand.NewPCG(1, 2))
	random := func() []float32 {
		v := make([]float32, config.Dims)
		for i := range v {
			v[i] = r.Float32()
		}
		return v
	}
	begun := time.Now()
	for range n {
		if _, err := k.Create(0, random(), vector.Meta{}); err != nil {
			return "", errors.Join(err, k.Close())
		}
	}
	created := time.Since(begun)
	begun = time.Now()
	found, err := k.Search(random(), 10, collection.SearchOptions{})
	searched := time.Since(begun)
	if err != nil || len(found) != min(10, n) {
		return "", errors.Join(fmt.Errorf("found %d", len(found)), err, k.Close())
	}
	want, err := k.Digest()
	if err = errors.Join(err, k.Close()); err != nil {
		return "", err
	}
	again, records, err := s.vectorsAgain(filepath.Join(dir, "journal"), config)
	if err == nil && again != want {
		err = errors.New("what came of the journal is another store or graph")
	}
	return fmt.Sprintf("%d vectors, %.0f us each; 10 nearest in %v; %d records make the same store and graph again",
		n, float64(created.Microseconds())/float64(n), searched.Round(time.Microsecond), records), err
}

func (s *show) vectorsAgain(journal string, c collection.Config) (d collection.Digests, records uint64, err error) {
	set, err := userjournal.OpenSet(journal)
	if err != nil {
		return d, 0, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	store, err := vector.Create(filepath.Join(s.dir, "again"), c.Config, vector.Options{})
	if err != nil {
		return d, 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	graph, err := hnsw.New(hnsw.Config{Dims: c.Dims, Metric: c.Metric})
	if err != nil {
		return d, 0, err
	}
	defer func() { err = errors.Join(err, graph.Close()) }()
	redo := collection.NewReplay(store, graph)
	report, err := replay.New(replay.Options{}).Run(s.ctx, set, &replay.Records{
		Apply: func(rec uapi.Record) error { _, err := redo.Apply(rec); return err },
		End:   func() error { _, err := redo.End(); return err },
		State: func() (sum replay.Digest, err error) {
			d.Store, err = store.Digest()
			if err == nil {
				d.Graph, err = graph.Digest()
			}
			return sum, err
		},
	})
	return d, report.Records, err
}

// settled waits until all that was recorded so far can be read: a recorder shows
// records within a second.
func (s *show) settled() (string, error) {
	id, err := s.j.Emit(s.ctx, agent.Event{Type: uapi.ObsStatus})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	err = s.j.Subscribe(ctx, query.Conditions{Types: []uapi.Type{uapi.ObsStatus}}, "", func(f agent.Found) error {
		if f.Record.EventID() == id {
			return userjournal.ErrStop
		}
		return nil
	})
	return "all that was recorded can be read", errors.Join(err, ctx.Err())
}

// filters asks by fields and by an expression.
func (s *show) filters() (string, error) {
	count := func(c query.Conditions) (n int, err error) {
		err = s.j.Query(s.ctx, c, func(agent.Found) error { n++; return nil })
		return n, err
	}
	tagged, err := count(query.Conditions{Tags: []string{"demo"}})
	if err != nil {
		return "", err
	}
	sure, err := count(query.Conditions{Types: []uapi.Type{uapi.AgentDecision}, Agents: []string{"demo"}})
	if err != nil {
		return "", err
	}
	relevant, err := count(query.Conditions{MinRelevance: 50})
	if err != nil {
		return "", err
	}
	expression, err := count(query.Conditions{Where: `relevance >= 50u`})
	if err == nil && (tagged == 0 || sure == 0 || relevant < 200 || expression != relevant) {
		err = fmt.Errorf("found %d tagged, %d decisions, %d relevant, %d by an expression", tagged, sure, relevant, expression)
	}
	return fmt.Sprintf("%d tagged, %d decisions of the agent, %d relevant, the same by an expression", tagged, sure, relevant), err
}

// order counts how often the order of the journal goes from one producer or category to
// another: records of the kernel and of the program stand in one.
func (s *show) order() (string, error) {
	kinds := map[string]int{}
	changes, last, lastOrdinal := 0, "", uint64(0)
	err := s.j.Query(s.ctx, query.Conditions{}, func(f agent.Found) error {
		kind := f.Record.Type().Category().String()
		if kinds[kind]++; kind != last {
			changes++
		}
		if f.Ordinal <= lastOrdinal {
			return errors.New("the order is broken")
		}
		last, lastOrdinal = kind, f.Ordinal
		return nil
	})
	return fmt.Sprintf("%d filesystem, %d agent, %d semantic, %d graph, %d observability records, in turns %d times",
		kinds["filesystem"], kinds["agent"], kinds["semantic"], kinds["graph"], kinds["observability"], changes), err
}

// replay makes the files again that the program made.
func (s *show) replay() (string, error) {
	work := filepath.Join(s.dir, "work")
	player := replay.New(replay.Options{KeepGoing: true})
	target, err := replay.OpenDirectory(filepath.Join(s.dir, "replayed"),
		replay.TreeOptions{From: work, Report: player.Problem}, false)
	if err != nil {
		return "", err
	}
	report, err := s.j.Replay(s.ctx, player, target)
	if err = errors.Join(err, target.Close()); err != nil {
		return "", err
	}
	want, err := replay.ReadDirectory(work)
	if err != nil {
		return "", err
	}
	// What a program says of its own files has no modes and sizes.
	aspects := replay.Aspects(0)
	if !s.j.Alone() {
		aspects = replay.AspectTree &^ replay.AspectOwner
	}
	have, err := replay.ReadDirectory(filepath.Join(s.dir, "replayed"))
	if err == nil {
		if d := replay.Compare(want, have, aspects); len(d) > 0 {
			err = fmt.Errorf("the tree is another one: %v", d[0])
		}
	}
	return fmt.Sprintf("%d records made the same %d names again", report.Records, len(have)), err
}
