// SPDX-License-Identifier: Apache-2.0

package produce_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"vexj/internal/produce"
	"vexj/query"
	"vexj/uapi"
)

// memory keeps records, and takes none while full.
type memory struct {
	mu   sync.Mutex
	recs []uapi.Record
	full bool
}

var errFull = errors.New("full")

func (m *memory) Append(rec uapi.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full {
		return errFull
	}
	if _, err := uapi.Check(rec); err != nil {
		return err
	}
	m.recs = append(m.recs, slices.Clone(rec))
	return nil
}

func (m *memory) account() *query.Account {
	a := &query.Account{}
	for i, rec := range m.recs {
		a.Add(uint64(i+1), rec)
	}
	a.Close()
	return a
}

func emit(t *testing.T, run *produce.Run, sink produce.Sink, payload []byte) error {
	t.Helper()
	b := uapi.NewBuilder(nil)
	id := run.Begin(b, uapi.Header{Type: uapi.VectorSearch})
	b.Payload(payload)
	return run.Emit(sink, b, id)
}

func TestRunIsAccountedFor(t *testing.T) {
	m := &memory{}
	run := produce.NewRun(uapi.ProducerVector)
	if err := run.Start(m, "nothing of the sort"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if err := emit(t, run, m, []byte("p")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	// One that cannot be built is told of in the journal.
	if err := emit(t, run, m, make([]byte, uapi.MaxRecord)); err == nil {
		t.Error("a record was built that is too big")
	}
	if err := run.Stop(m); err != nil {
		t.Fatal(err)
	}
	a := m.account()
	if len(a.Epochs) != 1 || !a.Epochs[0].Balanced() || !a.Sound() {
		t.Fatalf("the account is %+v", a.Epochs)
	}
	e := a.Epochs[0]
	if e.Attempted != 403 || e.Records != 402 || e.Lost != 1 || e.Missing != 0 || !strings.Contains(e.Coverage, "sort") {
		t.Errorf("got %+v", e)
	}
}

// TestRefusedIsMissing: what the sink did not take is a gap.
func TestRefusedIsMissing(t *testing.T) {
	m := &memory{}
	run := produce.NewRun(uapi.ProducerHNSW)
	if err := run.Start(m, ""); err != nil {
		t.Fatal(err)
	}
	m.full = true
	if err := emit(t, run, m, nil); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	m.full = false
	if err := emit(t, run, m, nil); err != nil {
		t.Fatal(err)
	}
	if a := m.account(); a.Epochs[0].Missing != 1 {
		t.Errorf("got %+v", a.Epochs[0])
	}
}

func TestAttribution(t *testing.T) {
	m := &memory{}
	run := produce.NewRun(uapi.ProducerVector)
	run.Attribute(produce.Attribution{Agent: "a", Session: 5, Parent: 7, Root: 6, Visibility: 3})
	if err := emit(t, run, m, nil); err != nil {
		t.Fatal(err)
	}
	rec := m.recs[0]
	agent, _ := rec.Attr(uapi.AttrAgentID)
	session, _ := rec.U64(uapi.AttrSession)
	if string(agent) != "a" || session != 5 || rec.Parent() != 7 || rec.RootCause() != 6 || rec.VisibilityMask() != 3 {
		t.Errorf("got agent %q session %d parent %d root %d mask %d", agent, session, rec.Parent(), rec.RootCause(), rec.VisibilityMask())
	}
	if rec.Ktime() == 0 || rec.Producer() != uapi.ProducerVector || rec.PID() == 0 || rec.GlobalSequence() != 1 {
		t.Errorf("the header is %+v", rec.Header())
	}
}

// TestIDsRise: a run after one whose ids are ahead of the clock goes on above it.
func TestIDsRise(t *testing.T) {
	far := uapi.IDBase(uapi.ProducerVector, 1<<62) + 9
	run := produce.NewRun(uapi.ProducerVector)
	run.After(far)
	m := &memory{}
	if err := emit(t, run, m, nil); err != nil {
		t.Fatal(err)
	}
	if id := m.recs[0].EventID(); id != far+1 {
		t.Errorf("id %#x after %#x", id, far)
	}
}
