// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"os"
	"slices"
	"sync"

	"vexj/agent/control"
	"vexj/agent/intent"
	"vexj/agent/session"
	"vexj/uapi"
)

// An Intent is something that the program sets out to do: the cause of what is emitted
// until it ends, and, with a recorder, of what the program and its descendants do.
type Intent struct {
	j        *Journal
	id, root uint64
	done     func() // with a recorder
	once     sync.Once
}

// ID is the event id of the intent's record.
func (in *Intent) ID() uint64 { return in.id }

// Begin begins an intent within the one that lasts, if there is one. touch are globs of
// what it says that it will change.
func (j *Journal) Begin(ctx context.Context, text string, touch ...string) (*Intent, error) {
	in := &Intent{j: j}
	if j.client != nil {
		got, done, _, err := j.client.Hold(ctx, control.Begin{
			Identity: session.Identity{Agent: j.o.Agent, Session: j.o.Session}, Intent: text, Touch: touch, PID: uint32(os.Getpid()),
		})
		if err != nil {
			return nil, err
		}
		in.id, in.root, in.done = uint64(got.ID), uint64(got.Root), done
	} else {
		cwd, _ := os.Getwd()
		id, err := j.Emit(ctx, Event{Type: uapi.SemIntent, Intent: text, Metadata: intent.Details{
			Session: j.o.Session, Touch: touch, PID: uint32(os.Getpid()), Bound: "tree", Cwd: cwd, Argv: os.Args}})
		if err != nil {
			return nil, err
		}
		in.id, in.root = id, id
		if outer := j.current(); outer != nil {
			in.root = outer.root
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.intent = append(j.intent, in)
	return in, nil
}

// End ends the intent. A second time it does nothing.
func (in *Intent) End(ctx context.Context) (err error) {
	in.once.Do(func() {
		if in.done != nil {
			in.done()
		} else {
			_, err = in.j.Emit(ctx, Event{Type: uapi.SemContextSwitch, Cause: in.id, Metadata: intent.End{Ended: intent.EndedAsked}})
		}
		in.j.mu.Lock()
		defer in.j.mu.Unlock()
		if i := slices.Index(in.j.intent, in); i >= 0 {
			in.j.intent = slices.Delete(in.j.intent, i, i+1)
		}
	})
	return err
}

// A Transaction is records that belong together.
type Transaction struct {
	j     *Journal
	id    uint64 // of its first record
	ended bool
}

// Transaction begins one.
func (j *Journal) Transaction(ctx context.Context) (*Transaction, error) {
	number := j.numbers.Add(1)<<32 | uint64(uint32(os.Getpid()))
	if _, err := j.Emit(ctx, Event{Type: uapi.SemTxBegin, transaction: number}); err != nil {
		return nil, err
	}
	return &Transaction{j: j, id: number}, nil
}

// ID is the number in the TRANSACTION attribute.
func (t *Transaction) ID() uint64 { return t.id }

// Emit is [Journal.Emit] within the transaction.
func (t *Transaction) Emit(ctx context.Context, e Event) (uint64, error) {
	if t.ended {
		return 0, ErrClosed
	}
	e.transaction = t.id
	return t.j.Emit(ctx, e)
}

// End ends it, and says whether what it is about stands.
func (t *Transaction) End(ctx context.Context, committed bool) error {
	if t.ended {
		return ErrClosed
	}
	outcome := "rolled back"
	if committed {
		outcome = "committed"
	}
	_, err := t.Emit(ctx, Event{Type: uapi.SemTxEnd, Metadata: map[string]string{"outcome": outcome}})
	t.ended = true
	return err
}
