// SPDX-License-Identifier: Apache-2.0

package emission

import (
	"errors"
	"testing"

	"vexj/uapi"
)

func build(t testing.TB, h uapi.Header, add func(b *uapi.Builder)) uapi.Record {
	t.Helper()
	b := uapi.NewBuilder(nil)
	b.Begin(h)
	if add != nil {
		add(b)
	}
	rec, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestCheck(t *testing.T) {
	me := &uapi.Context{Agent: "me", Session: 5}
	with := func(add func(b *uapi.Builder)) uapi.Record {
		return build(t, uapi.Header{Type: uapi.AgentDecision}, add)
	}
	of := func(h uapi.Header) uapi.Record {
		if h.Type == 0 {
			h.Type = uapi.AgentDecision
		}
		return build(t, h, nil)
	}
	agent := func(name string) uapi.Record {
		return with(func(b *uapi.Builder) { b.AddString(uapi.AttrAgentID, name) })
	}
	for name, test := range map[string]struct {
		rec  uapi.Record
		c    *uapi.Context
		want error
	}{
		"plain":                 {of(uapi.Header{}), nil, nil},
		"graph":                 {of(uapi.Header{Type: uapi.GraphQuery}), nil, nil},
		"vector":                {of(uapi.Header{Type: uapi.VectorEmbed}), nil, nil},
		"semantic":              {of(uapi.Header{Type: uapi.SemIntent}), nil, nil},
		"observability":         {of(uapi.Header{Type: uapi.ObsMetric}), nil, nil},
		"cause and mask":        {of(uapi.Header{Parent: 1, RootCause: 1, VisibilityMask: 2, Priority: 5, Relevance: 100}), nil, nil},
		"file":                  {of(uapi.Header{Type: uapi.FSWrite}), nil, ErrRefused},
		"process":               {of(uapi.Header{Type: uapi.ProcExec}), nil, ErrRefused},
		"system":                {of(uapi.Header{Type: uapi.SysCheckpoint}), nil, ErrRefused},
		"lost":                  {of(uapi.Header{Type: uapi.SysLost}), nil, ErrRefused},
		"category":              {of(uapi.Header{Type: uapi.Type(uapi.CategoryAgent)}), nil, ErrRecord},
		"no such operation":     {of(uapi.Header{Type: 0x0407}), nil, ErrRecord},
		"no such category":      {of(uapi.Header{Type: 0x0901}), nil, ErrRefused},
		"id":                    {of(uapi.Header{EventID: 1}), nil, ErrRecord},
		"time":                  {of(uapi.Header{Ktime: 1}), nil, ErrRecord},
		"cpu":                   {of(uapi.Header{CPU: 1}), nil, ErrRecord},
		"process id":            {of(uapi.Header{PID: 1}), nil, ErrRecord},
		"number":                {of(uapi.Header{GlobalSequence: 1}), nil, ErrRecord},
		"number of a CPU":       {of(uapi.Header{Sequence: 1}), nil, ErrRecord},
		"kernel's flag":         {of(uapi.Header{Flags: uapi.FlagFailed}), nil, ErrRecord},
		"priority":              {of(uapi.Header{Priority: 6}), nil, ErrRecord},
		"relevance":             {of(uapi.Header{Relevance: 101}), nil, ErrRecord},
		"cut":                   {of(uapi.Header{})[:100], nil, ErrRecord},
		"another writer":        {with(func(b *uapi.Builder) { b.AddTask(uapi.Task{TID: 1}) }), nil, ErrRefused},
		"declared":              {with(func(b *uapi.Builder) { b.AddString(uapi.AttrDeclared, "AI_AGENT=x") }), nil, ErrRefused},
		"clock":                 {with(func(b *uapi.Builder) { b.AddClock(uapi.Clock{}) }), nil, ErrRefused},
		"whoever, for nobody":   {agent("any"), nil, nil},
		"who it acts for":       {agent("me"), me, nil},
		"somebody else":         {agent("you"), me, ErrClaim},
		"beginning of the name": {agent("m"), me, ErrClaim},
		"its session":           {with(func(b *uapi.Builder) { b.AddU64(uapi.AttrSession, 5) }), me, nil},
		"another session":       {with(func(b *uapi.Builder) { b.AddU64(uapi.AttrSession, 6) }), me, ErrClaim},
	} {
		if err := Check(test.rec, test.c); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestStamp(t *testing.T) {
	writer := uapi.Task{TID: 77, UID: 1000}
	ctx := &uapi.Context{Agent: "me", Session: 5, Parent: 10, Root: 9, Visibility: 6}
	for name, test := range map[string]struct {
		h       uapi.Header
		c       *uapi.Context
		parent  uint64
		root    uint64
		visible uint64
	}{
		"nobody's":     {uapi.Header{}, nil, 0, 0, ^uint64(0)},
		"attributed":   {uapi.Header{}, ctx, 10, 9, 6},
		"narrower":     {uapi.Header{VisibilityMask: 3}, ctx, 10, 9, 2},
		"own cause":    {uapi.Header{Parent: 20}, ctx, 20, 0, 6},
		"own root too": {uapi.Header{Parent: 20, RootCause: 21}, ctx, 20, 21, 6},
	} {
		test.h.Type = uapi.AgentDecision
		rec := build(t, test.h, func(b *uapi.Builder) {
			b.AddString(uapi.AttrTags, `{"a":1}`)
			b.Payload([]byte("p"))
			b.Metadata([]byte("m"))
			b.AddLink(uapi.Link{Cause: 1, Effect: 2})
		})
		got, err := Stamp(rec, writer, test.c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		h := got.Header()
		if h.Parent != test.parent || h.RootCause != test.root || h.VisibilityMask != test.visible || h.PID != 77 {
			t.Errorf("%s: %+v", name, h)
		}
		if task, ok := got.Task(); !ok || task != writer {
			t.Errorf("%s: written by %+v", name, task)
		}
		agent, _ := got.Attr(uapi.AttrAgentID)
		session, _ := got.U64(uapi.AttrSession)
		if (test.c != nil) != (string(agent) == "me" && session == 5) {
			t.Errorf("%s: %q, %d", name, agent, session)
		}
		tags, _ := got.Attr(uapi.AttrTags)
		if string(tags) != `{"a":1}` || string(got.Payload()) != "p" || string(got.Metadata()) != "m" || got.LinkCount() != 1 || got.Link(0).Effect != 2 {
			t.Errorf("%s: parts are missing", name)
		}
	}
	if _, err := Stamp(build(t, uapi.Header{Type: uapi.AgentDecision, VisibilityMask: 8}, nil), writer, ctx); !errors.Is(err, ErrRecord) {
		t.Errorf("visible to nobody: %v", err)
	}
}

func TestSplit(t *testing.T) {
	one := build(t, uapi.Header{Type: uapi.AgentQuery}, nil)
	two := build(t, uapi.Header{Type: uapi.AgentQuery}, func(b *uapi.Builder) { b.Payload([]byte("xyz")) })
	recs, err := Split(append(append([]byte(nil), one...), two...))
	if err != nil || len(recs) != 2 || string(recs[1].Payload()) != "xyz" {
		t.Errorf("%d, %v", len(recs), err)
	}
	if _, err := Split(append(append([]byte(nil), one...), two[:len(two)-1]...)); !errors.Is(err, ErrRecord) {
		t.Errorf("cut: %v", err)
	}
}
