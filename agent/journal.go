// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"vexj/agent/control"
	"vexj/agent/session"
	"vexj/internal/produce"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

var (
	// ErrKernel: the record is of a kind that only the kernel makes where there is a
	// recorder.
	ErrKernel = errors.New("what happens to files, processes and the system the kernel records itself")
	// ErrNoJournal: there is nothing to read, as Options.Journal was not given.
	ErrNoJournal = errors.New("say in Options.Journal where the recorder's journal is")
	// ErrClosed: the Journal, Intent or Transaction has ended.
	ErrClosed = errors.New("it has ended")
)

// Options of Open.
type Options struct {
	// Agent and Session say for whom records are made. A recorder that has
	// attributed the process knows them, and takes no others.
	Agent   string
	Session string
	// Visibility is the mask of agents that may see the records; 0: all.
	Visibility uint64
	// Journal is the directory that a recorder's records are read from.
	Journal string
	// View is what reading shows; nil: all.
	View *query.View
	// Durability of a journal of the program's own.
	Durability userjournal.Durability
}

// A Journal is one that the program takes part in. Its methods may be called from any
// goroutine.
type Journal struct {
	o        Options
	view     query.View
	session  uint64
	out      outlet
	client   *control.Client // nil: the library's rung
	numbers  atomic.Uint64   // of transactions
	builders sync.Pool

	mu     sync.Mutex
	intent []*Intent // the last one is the cause of what is emitted
	closed bool
}

// An outlet takes what is emitted.
type outlet interface {
	// emit makes a record: fill adds to what is begun with h.
	emit(ctx context.Context, b *uapi.Builder, h uapi.Header, fill func(*uapi.Builder)) (uint64, error)
	flush() error
	close() error
}

// Open takes part in the journal of the recorder that serves the socket, or in one of
// the program's own in the directory, which is made if it is not there.
func Open(place string, o Options) (*Journal, error) {
	who := session.Identity{Agent: o.Agent, Session: o.Session}
	if err := who.Check(); err != nil {
		return nil, err
	}
	j := &Journal{o: o, view: query.All, session: who.ID()}
	if o.View != nil {
		j.view = *o.View
	}
	j.builders.New = func() any { return uapi.NewBuilder(nil) }
	st, err := os.Stat(place)
	switch {
	case err == nil && st.Mode().Type() == fs.ModeSocket:
		if j.client, err = control.Dial(context.Background(), place); err != nil {
			return nil, err
		}
		j.out = newRemote(place, o.Agent, j.session)
	case err == nil && !st.IsDir():
		return nil, fmt.Errorf("%s is neither a recorder's socket nor a directory for a journal", place)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	default:
		j.o.Journal = place
		if j.out, err = newLocal(place, &o, j.session); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// Alone reports whether the program journals by itself, without a recorder.
func (j *Journal) Alone() bool { return j.client == nil }

// Flush makes what was emitted visible to readers; what a recorder took it makes so
// itself, within a second.
func (j *Journal) Flush() error { return j.out.flush() }

// Close ends intents that are left, and the journal if it is the program's own.
func (j *Journal) Close() error {
	var errs []error
	for in := j.current(); in != nil; in = j.current() {
		errs = append(errs, in.End(context.Background()))
	}
	j.mu.Lock()
	closed := j.closed
	j.closed = true
	j.mu.Unlock()
	if closed {
		return nil
	}
	if j.client != nil {
		j.client.Close()
	}
	return errors.Join(append(errs, j.out.close())...)
}

// current is the intent under which the program acts, or nil.
func (j *Journal) current() *Intent {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.intent) == 0 {
		return nil
	}
	return j.intent[len(j.intent)-1]
}

// A local outlet is a journal of the program's own.
type local struct {
	w   *userjournal.Writer
	run *produce.Run
}

type writerSink struct{ w *userjournal.Writer }

func (s writerSink) Append(rec uapi.Record) error {
	_, err := s.w.Append(rec)
	return err
}

func newLocal(dir string, o *Options, id uint64) (*local, error) {
	w, err := userjournal.Create(dir, userjournal.Options{Durability: o.Durability})
	if err != nil {
		return nil, err
	}
	l := &local{w: w, run: produce.NewRun(uapi.ProducerAgent)}
	if err := l.follow(dir); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if err := l.run.Start(writerSink{w}, "what the program does not say itself\n"); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	l.run.Attribute(produce.Attribution{Agent: o.Agent, Session: id, Visibility: o.Visibility})
	return l, nil
}

// follow makes ids larger than those of the run before.
func (l *local) follow(dir string) error {
	r, err := userjournal.Open(dir)
	if errors.Is(err, userjournal.ErrEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	err = r.Scan(userjournal.ScanOptions{Reverse: true}, func(_ uint64, rec uapi.Record) error {
		if rec.Producer() == uapi.ProducerAgent {
			l.run.After(rec.EventID())
			return userjournal.ErrStop
		}
		return nil
	})
	return errors.Join(err, r.Close())
}

func (l *local) emit(_ context.Context, b *uapi.Builder, h uapi.Header, fill func(*uapi.Builder)) (uint64, error) {
	id := l.run.Begin(b, h)
	fill(b)
	return id, l.run.Emit(writerSink{l.w}, b, id)
}

func (l *local) flush() error { return l.w.Flush() }

func (l *local) close() error {
	l.run.Attribute(produce.Attribution{})
	return errors.Join(l.run.Stop(writerSink{l.w}), l.w.Close())
}
