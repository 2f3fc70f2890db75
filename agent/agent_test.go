// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vexj/agent"
	"vexj/query"
	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask returns what the conditions take.
func ask(t *testing.T, j *agent.Journal, c query.Conditions) (recs []uapi.Record) {
	t.Helper()
	must(t, j.Query(context.Background(), c, func(f agent.Found) error {
		recs = append(recs, append(uapi.Record(nil), f.Record...))
		return nil
	}))
	return recs
}

// What is emitted is found again, under the intents and transactions that it was
// emitted in, and the journal accounts for it over several runs.
func TestAlone(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "journal")
	var before uint64
	for range 2 {
		j, err := agent.Open(dir, agent.Options{Agent: "tester", Session: "s"})
		must(t, err)
		outer, err := j.Begin(ctx, "outer", "src/**")
		must(t, err)
		if outer.ID() <= before {
			t.Errorf("id %#x after %#x", outer.ID(), before)
		}
		inner, err := j.Begin(ctx, "inner")
		must(t, err)
		tx, err := j.Transaction(ctx)
		must(t, err)
		id, err := tx.Emit(ctx, agent.Event{Type: uapi.AgentDecision, Intent: "x", Confidence: 70, Tags: []string{"a"},
			Causes: []uint64{outer.ID()}, Payload: []byte("p"), Metadata: []int{1}})
		must(t, err)
		must(t, tx.End(ctx, true))
		if _, err := tx.Emit(ctx, agent.Event{Type: uapi.AgentDecision}); !errors.Is(err, agent.ErrClosed) {
			t.Errorf("a transaction that ended takes records: %v", err)
		}
		must(t, inner.End(ctx))
		must(t, inner.End(ctx))
		after, err := j.Decide(ctx, "y", 1)
		must(t, err)
		for _, rec := range ask(t, j, query.Conditions{Types: []uapi.Type{uapi.AgentDecision}, Agents: []string{"tester"}}) {
			switch rec.EventID() {
			case id:
				in, _ := rec.U64(uapi.AttrTransaction)
				if rec.Parent() != inner.ID() || rec.RootCause() != outer.ID() || in != tx.ID() ||
					!rec.Flags().Has(uapi.FlagTransactional|uapi.FlagCausal) || rec.LinkCount() != 1 || string(rec.Payload()) != "p" {
					t.Errorf("%+v", rec.Header())
				}
			case after:
				if rec.Parent() != outer.ID() {
					t.Errorf("behind the inner intent the cause is %#x, want %#x", rec.Parent(), outer.ID())
				}
			}
		}
		must(t, j.Close())
		must(t, j.Close())
		before = after
	}
	r, err := userjournal.Open(dir)
	must(t, err)
	defer r.Close()
	a, err := query.Audit(r)
	must(t, err)
	if !a.Sound() || len(a.Epochs) != 2 || a.Lost() != 0 {
		t.Errorf("%+v", a.Epochs)
	}
}

// Whoever subscribes with a cursor misses nothing and sees nothing twice.
func TestSubscribe(t *testing.T) {
	j, err := agent.Open(filepath.Join(t.TempDir(), "journal"), agent.Options{})
	must(t, err)
	defer j.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	const n = 50
	go func() {
		for i := range n {
			if _, err := j.Metric(ctx, "n", float64(i)); err != nil {
				t.Error(err)
			}
			if i%7 == 0 {
				if err := j.Flush(); err != nil {
					t.Error(err)
				}
			}
		}
		if err := j.Flush(); err != nil {
			t.Error(err)
		}
	}()
	var ids []uint64
	cursor := ""
	for len(ids) < n {
		took := 0
		must(t, j.Subscribe(ctx, query.Conditions{Types: []uapi.Type{uapi.ObsMetric}}, cursor, func(f agent.Found) error {
			ids, cursor = append(ids, f.Record.EventID()), f.Cursor
			if took++; took == 9 || len(ids) == n {
				return userjournal.ErrStop
			}
			return nil
		}))
		if ctx.Err() != nil {
			t.Fatalf("%d of %d came", len(ids), n)
		}
	}
	for i := range ids {
		if i > 0 && ids[i] != ids[i-1]+1 {
			t.Fatalf("%v", ids)
		}
	}
}

// A view hides records from all reading.
func TestView(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j, err := agent.Open(dir, agent.Options{Visibility: 2, View: &query.View{Mask: 1}})
	must(t, err)
	defer j.Close()
	_, err = j.Decide(context.Background(), "secret", 1)
	must(t, err)
	if recs := ask(t, j, query.Conditions{Types: []uapi.Type{uapi.AgentDecision}}); len(recs) != 0 {
		t.Error("what the view does not have is shown")
	}
	must(t, j.Flush())
	set, err := userjournal.OpenSet(dir)
	must(t, err)
	defer set.Close()
	secret := ""
	must(t, set.Scan(userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		if r.Type() == uapi.AgentDecision {
			secret = set.Cursor(userjournal.Position{ordinal}, ordinal, r)
		}
		return nil
	}))
	never := func(f agent.Found) error { return fmt.Errorf("%s is shown", f.Record.Type()) }
	if err := j.Subscribe(context.Background(), query.Conditions{}, secret, never); !errors.Is(err, userjournal.ErrNotFound) {
		t.Errorf("a cursor of what is not shown: %v", err)
	}
	target, err := replay.OpenDirectory(filepath.Join(t.TempDir(), "to"), replay.TreeOptions{}, false)
	must(t, err)
	defer target.Close()
	player := replay.New(replay.Options{})
	report, err := j.Replay(context.Background(), player, target)
	if err != nil || report.Records != uint64(len(ask(t, j, query.Conditions{}))) {
		t.Errorf("replayed %+v, %v", report, err)
	}
	// A view in which there is nothing is not that of everything.
	none := query.View{Mask: 1}.Narrow(query.View{Mask: 2})
	k, err := agent.Open(filepath.Join(t.TempDir(), "journal"), agent.Options{View: &none})
	must(t, err)
	defer k.Close()
	_, err = k.Decide(context.Background(), "open", 1)
	must(t, err)
	if recs := ask(t, k, query.Conditions{}); len(recs) != 0 {
		t.Errorf("%d records are shown to one who sees nothing", len(recs))
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for name, c := range map[string]struct {
		place string
		o     agent.Options
		want  string
	}{
		"a file":           {file, agent.Options{}, "neither a recorder's socket nor a directory"},
		"another's folder": {dir, agent.Options{}, "give an empty or a new directory"},
		"a long name":      {filepath.Join(dir, "j"), agent.Options{Agent: strings.Repeat("x", 100)}, ""},
	} {
		if _, err := agent.Open(c.place, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	j, err := agent.Open(filepath.Join(dir, "journal"), agent.Options{})
	must(t, err)
	if _, err := j.Emit(context.Background(), agent.Event{Type: uapi.AgentQuery, Metadata: func() {}}); err == nil {
		t.Error("a function became JSON")
	}
	if _, err := j.Emit(context.Background(), agent.Event{Type: uapi.AgentQuery, Payload: make([]byte, uapi.MaxRecord)}); err == nil {
		t.Error("a record that is too big was taken")
	}
	if err := j.Query(context.Background(), query.Conditions{Where: "1 +"}, nil); err == nil {
		t.Error("an expression that is none was taken")
	}
	must(t, j.Close())
	if _, err := j.Decide(context.Background(), "late", 1); err == nil {
		t.Error("a journal that is closed takes records")
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "vexj-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	// Of a recorder's socket, such as os.Getenv("VEXJ_SOCKET"), the rest is the same.
	j, err := agent.Open(filepath.Join(dir, "journal"), agent.Options{Agent: "builder", Session: "night run"})
	if err != nil {
		log.Fatal(err)
	}
	in, err := j.Begin(ctx, "make the tests pass", "src/**")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := j.Decide(ctx, "rewrite the parser", 80); err != nil {
		log.Fatal(err)
	}
	if err := in.End(ctx); err != nil {
		log.Fatal(err)
	}
	err = j.Query(ctx, query.Conditions{Agents: []string{"builder"}, Types: []uapi.Type{uapi.AgentDecision}}, func(f agent.Found) error {
		what, _ := f.Record.Attr(uapi.AttrAgentIntent)
		fmt.Printf("%s: %s, because of the intent: %v\n", f.Record.Type(), what, f.Record.Parent() == in.ID())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := j.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: agent-decision: rewrite the parser, because of the intent: true
}
