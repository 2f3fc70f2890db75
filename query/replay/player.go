// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// Mode is in what order records are replayed.
type Mode int

const (
	// Sequential: one after the other, in the order of the journal.
	Sequential Mode = iota
	// Parallel: in the order of the journal where they have to do with each
	// other, and at the same time where they have not.
	Parallel
	// Causal: no record before those that caused it, by its parent and its
	// links; in the order of the journal otherwise.
	Causal
)

var modeNames = [...]string{"sequential", "parallel", "causal"}

func (m Mode) String() string { return modeNames[m] }

// ModeNames are the words that ParseMode takes.
func ModeNames() []string { return modeNames[:] }

// ParseMode is the inverse of Mode.String.
func ParseMode(s string) (Mode, error) {
	if i := slices.Index(modeNames[:], s); i >= 0 {
		return Mode(i), nil
	}
	return 0, fmt.Errorf("mode %q is none of sequential, parallel, causal", s)
}

// Options of a replay.
type Options struct {
	Mode    Mode
	Workers int           // of Parallel; 0: as many as there are CPUs
	Filter  *query.Filter // nil: all records
	// KeepGoing goes on behind mismatches and failures. Gaps stop nothing.
	KeepGoing bool
	// Checkpoint is a file to keep a checkpoint in; "" for none. It must not be
	// there, unless Resume is set, which goes on from it.
	Checkpoint string
	Resume     bool
	// What is a text that says what is replayed into what: a checkpoint of
	// something else is refused.
	What string
	// Every is how long the time between checkpoints is at least; 0: 10 s.
	Every time.Duration
	// Problem is told of each problem.
	Problem func(Problem)
	// Progress is told now and then how many records were taken.
	Progress func(records uint64)
}

// A Report is what came of a replay.
type Report struct {
	Records    uint64 // taken, of those that the filter wants, also before it was resumed
	Resumed    uint64 // of them, before it was resumed
	Steps      uint64 // done
	Gaps       uint64
	Mismatches uint64
	Failures   uint64
	Cursor     string // of the record that is furthest in the journal
	Complete   bool   // it came to the end of the journal
	Digest     Digest
}

func (r *Report) count(k Kind) {
	switch k {
	case Gap:
		r.Gaps++
	case Mismatch:
		r.Mismatches++
	case Failure:
		r.Failures++
	}
}

// A Player replays a journal into a target.
type Player struct {
	within  *query.Filter // nil: everything
	set     *userjournal.Set
	target  Target
	o       Options
	report  Report
	stopped *Problem // the one that it stops at

	at       userjournal.Position
	last     uapi.Record // header of the record that is furthest in the journal
	lastAt   uint64      // its ordinal
	number   uint64      // of records taken
	item     Item
	windows  *windows
	progress *progress
	again    *interrupted // what is to be done again
	saver    *saver
	resuming bool // no step is done yet: they were, before
	caught   bool // all steps that may have been done before are planned
}

// New returns a player. Its Problem method is where the target's problems go.
func New(o Options) *Player {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Workers = min(o.Workers, maxWorkers)
	if o.Mode != Parallel {
		o.Workers = 1
	}
	return &Player{o: o}
}

// Problem takes note of a problem that the target met.
func (p *Player) Problem(x Problem) {
	p.report.count(x.Kind)
	if p.o.Problem != nil {
		p.o.Problem(x)
	}
	if x.Kind != Gap && !p.o.KeepGoing && p.stopped == nil {
		p.stopped = &x
	}
}

// errHalt ends the scan when a problem stops the replay.
var errHalt = errors.New("halt")

// Run replays. The report is valid also with an error.
func (p *Player) Run(ctx context.Context, set *userjournal.Set, target Target) (*Report, error) {
	p.set, p.target = set, target
	p.at = make(userjournal.Position, len(set.Shards()))
	err := p.run(ctx)
	if errors.Is(err, errHalt) {
		err = fmt.Errorf("%w: %w", ErrProblem, p.stopped)
	}
	return &p.report, err
}

func (p *Player) run(ctx context.Context) (err error) {
	end, err := p.set.End()
	if err != nil {
		return err
	}
	if p.o.Checkpoint != "" {
		if p.saver, err = newSaver(p); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.progress.close(false)) }()
	}
	after := slices.Clone(p.at)
	p.windows = newWindows(p.o.Workers, p.o.Mode == Parallel, p.progress, !p.o.KeepGoing)
	defer p.windows.end()
	p.windows.open(p.number)
	n := 0
	err = p.scan(after, end, func(ordinal uint64, rec uapi.Record) error {
		if n++; n&1023 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if p.o.Progress != nil {
				p.o.Progress(p.number)
			}
		}
		return p.take(ordinal, rec)
	})
	if err == nil {
		err = p.resumed()
	}
	if err == nil {
		err = p.finish()
	} else if errors.Is(err, context.Canceled) {
		if failed := p.barrier(); failed != nil {
			err = errors.Join(err, failed)
		} else if p.settled() {
			err = errors.Join(err, p.save())
		}
	}
	p.report.Records = p.number
	return err
}

// Within leaves out what is not in the view, whatever the filter takes. Call it before
// Run.
func (p *Player) Within(v query.View) (err error) {
	if v.Whole() {
		p.within = nil
		return nil
	}
	p.within, err = query.Conditions{}.Compile(v)
	return err
}

// A part is what a filter takes of a journal, as if there were nothing else.
type part struct {
	query.Journal
	filter *query.Filter
}

func (p *part) Scan(o userjournal.ScanOptions, fn func(uint64, uapi.Record) error) error {
	return p.filter.Scan(p.Journal, o, fn)
}

// scan visits the records in the order of the mode.
func (p *Player) scan(after, end userjournal.Position, fn func(uint64, uapi.Record) error) error {
	filter := p.o.Filter
	if filter == nil {
		var err error
		if filter, err = (query.Conditions{}).Compile(query.All); err != nil {
			return err
		}
	}
	scan := func(fn func(uint64, uapi.Record) error) error {
		o := userjournal.ScanOptions{OnDamage: func(d *userjournal.DamageError) error {
			p.Problem(Problem{Kind: Mismatch, Ordinal: d.First, Err: d})
			return p.halt()
		}}
		var journal query.Journal = p.set.Between(after, end)
		if p.within != nil {
			journal = &part{journal, p.within}
		}
		return filter.Scan(journal, o, fn)
	}
	if p.o.Mode == Causal {
		c := causal{scan: scan, emit: fn, cycle: p.cycle}
		p.windows.held = c.holding
		return c.run()
	}
	return scan(fn)
}

func (p *Player) cycle(ordinal uint64, rec uapi.Record) error {
	p.Problem(Problem{Mismatch, ordinal, rec.EventID(), rec.Type(), string(rec.Path()),
		errors.New("it and others are said to have caused each other")})
	return p.halt()
}

func (p *Player) halt() error {
	if p.stopped != nil {
		return errHalt
	}
	return nil
}

// take plans a record, and does a window of steps when there is one.
func (p *Player) take(ordinal uint64, rec uapi.Record) error {
	if p.resuming && p.again != nil && p.number == p.again.number {
		// From here on steps may be missing.
		p.resuming = false
		p.windows.open(p.number)
	}
	p.item = Item{Ordinal: ordinal, Record: rec, Wall: p.wall}
	step := p.target.Plan(&p.item)
	if step != nil && !p.resuming {
		if err := p.add(step, ordinal, rec); err != nil {
			return err
		}
	}
	p.number++
	// The furthest one: causes that come first may be behind their effects.
	if p.at.Pass(ordinal) {
		p.last = append(p.last[:0], rec[:uapi.HeaderSize]...)
		p.lastAt = ordinal
	}
	if p.caught {
		if err := p.resumed(); err != nil {
			return err
		}
	}
	if err := p.halt(); err != nil {
		return errors.Join(err, p.barrier())
	}
	if p.number&1023 == 0 && p.saver.due() && p.settled() {
		return errors.Join(p.barrier(), p.save())
	}
	return nil
}

// settled: the state may be kept as that behind the last record.
func (p *Player) settled() bool { return !p.resuming && p.again == nil && !p.windows.holding() }

func (p *Player) wall() time.Time { return p.set.WallTime(p.item.Ordinal, p.item.Record.Ktime()) }

// add puts a step into the window.
func (p *Player) add(step Step, ordinal uint64, rec uapi.Record) error {
	t := task{step: step, ordinal: ordinal, eventID: rec.EventID(), rec: uint32(rec.Type())}
	alone := p.o.Mode == Parallel && step.Alone()
	if alone && p.again == nil {
		if err := p.submit(p.number); err != nil {
			return err
		}
	}
	if a := p.again; a != nil {
		i := len(p.windows.now.tasks)
		if t.skip = i < len(a.done) && a.done[i]; !t.skip {
			t.doing = Doing{Again: true, noted: a.notes[i]}
		}
	}
	p.windows.now.add(t)
	switch {
	case p.again != nil && len(p.windows.now.tasks) >= len(p.again.done):
		p.caught = true
	case p.again == nil && (alone || len(p.windows.now.tasks) >= windowSteps):
		return p.submit(p.number + 1)
	}
	return nil
}

// resumed ends the part in which steps may have been done before, and holds the
// target to the plan.
func (p *Player) resumed() error {
	if !p.resuming && p.again == nil {
		return nil
	}
	p.resuming, p.caught, p.again = false, false, nil
	p.windows.now.parallel = false
	if err := p.barrier(); err != nil {
		return err
	}
	p.windows.now.parallel = p.o.Mode == Parallel
	return p.saver.verify(false)
}

// submit has the window done, and opens the next one.
func (p *Player) submit(next uint64) error {
	return p.collect(p.windows.submit(next))
}

// barrier waits until all that was planned is done.
func (p *Player) barrier() error {
	err := p.submit(p.number)
	return errors.Join(err, p.collect(p.windows.drain()))
}

// collect takes note of what became of steps.
func (p *Player) collect(done []outcome) error {
	for _, o := range done {
		p.report.Steps += o.steps
		for _, t := range o.failed {
			p.Problem(Problem{Failure, t.ordinal, t.eventID, uapi.Type(t.rec), "", t.err})
		}
	}
	return p.halt()
}

// finish completes the target.
func (p *Player) finish() error {
	if err := p.barrier(); err != nil {
		return err
	}
	if err := p.target.Settle(true); err != nil {
		return err
	}
	if err := p.halt(); err != nil {
		return err
	}
	p.report.Complete = true
	if err := p.save(); err != nil {
		return err
	}
	return p.target.Tidy()
}

// save makes a checkpoint if one is wanted, and notes the digest.
func (p *Player) save() (err error) {
	if p.number > 0 && len(p.last) > 0 {
		p.report.Cursor = p.set.Cursor(p.at, p.lastAt, p.last)
	}
	if p.saver == nil {
		p.report.Digest, err = p.target.Digest()
		return err
	}
	return p.saver.save()
}
