// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// The names of the marker directories in Env.Base.
const (
	markBegin = "begin"
	markEnd   = "end"
)

// Capture is a producer under test.
type Capture interface {
	// Start begins to record what the process root and its descendants do, all
	// types, failed operations too. It may leave out what has no path under dir,
	// save for processes, mounts and syncs. It must be ready when it returns.
	Start(root uint32, dir string) error

	// Stop ends that and returns the records, in any order. They stay valid.
	Stop() ([]uapi.Record, error)

	// Holes tells what the producer cannot see: names of rows, kinds of
	// operations, or fields ("field:open.fd"; "field:open.result" is the result of
	// an OPEN that succeeded).
	Holes() []string
}

// Status is the outcome of a row.
type Status int

const (
	Pass   Status = iota
	Fail          // the records are not those stated
	Hole          // so it is, and the producer had said so
	Skip          // the machine lacks what the row needs
	Broken        // the operations did not go as the row says: no verdict
)

func (s Status) String() string {
	return [...]string{"pass", "fail", "hole", "skip", "broken"}[s]
}

// Result is one row's outcome.
type Result struct {
	Scenario Scenario
	Status   Status
	Err      error         // what is wrong, or why it was skipped
	Base     string        // the directory it ran in, gone
	Want     []Want        // as stated, with absolute paths
	Got      []uapi.Record // that counted, in order
}

// Lacks says whether the row did not run, as the machine lacks what it needs.
func (r *Result) Lacks() bool { return r.Status == Skip && !errors.Is(r.Err, errNothing) }

// Errors of Run's results, besides ErrMismatch and ErrInvariant.
var (
	// ErrNoHook: the binary does not call Hook, and so cannot run rows.
	ErrNoHook = errors.New("conformance: call conformance.Hook first in main or TestMain")

	// ErrNoMarker: not even the operations around the row were recorded. The
	// producer is not attached, or its filter leaves out the directory.
	ErrNoMarker = errors.New("the producer recorded none of the markers: is it attached, and does its filter let the directory through?")

	// ErrOperation: the row's own operations failed.
	ErrOperation = errors.New("the row's operations did not go as it says")
)

// Run runs the rows that filter picks (a part of a name or a whole kind; "" is
// all) in fresh directories under dir.
func Run(c Capture, dir string, filter string) []Result {
	var out []Result
	RunTogether([]Capture{c}, dir, filter, func(rs []Result) { out = append(out, rs[0]) })
	return out
}

// RunTogether runs each of the rows once, with all captures at work, and hands
// over its outcome under each of them, in their order.
func RunTogether(cs []Capture, dir string, filter string, done func([]Result)) {
	for _, s := range Table() {
		if s.selects(filter) {
			done(runRow(s, cs, dir))
		}
	}
}

// runRow runs one row.
func runRow(s Scenario, cs []Capture, dir string) []Result {
	rs := make([]Result, len(cs))
	for i := range rs {
		rs[i].Scenario = s
	}
	e, taken, err := perform(&s, cs, dir)
	if e != nil {
		defer e.remove()
	}
	for i, c := range cs {
		r := &rs[i]
		if err != nil {
			r.Status, r.Err = Broken, err
			if errors.As(err, &unmetError{}) {
				r.Status = Skip
			}
			continue
		}
		r.Base = e.Base
		r.Status, r.Err = r.verdict(c, e, taken[i])
		if r.Status == Fail && r.declared(c.Holes()) {
			r.Status = Hole
		}
	}
	return rs
}

func (r *Result) declared(holes []string) bool {
	return slices.ContainsFunc(holes, func(h string) bool {
		return h == r.Scenario.Name || slices.Contains(r.Scenario.Kinds, h)
	})
}

// blind returns the fields among holes.
func blind(holes []string) []string {
	var out []string
	for _, h := range holes {
		if field, ok := strings.CutPrefix(h, "field:"); ok {
			out = append(out, field)
		}
	}
	return out
}

// verdict judges what c took.
func (r *Result) verdict(c Capture, e *Env, t taken) (Status, error) {
	if t.err != nil {
		return Broken, t.err
	}
	if _, ok := c.(Discard); ok {
		return Skip, errNothing
	}
	return r.judge(c, e, t.recs, t.window)
}

// errNothing is why a row has no verdict under a Capture that records nothing.
var errNothing = errors.New("done, with nothing captured")

func (r *Result) judge(c Capture, e *Env, recs []uapi.Record, w window) (Status, error) {
	got, err := e.relevant(&r.Scenario, recs)
	if err != nil {
		return Fail, err
	}
	if r.Got, err = unattributed(c, got); err != nil {
		return Fail, err
	}
	for _, want := range r.Scenario.Want(e) {
		r.Want = append(r.Want, want.resolve(e))
	}
	check := Compare
	if r.Scenario.Unordered {
		check = CompareUnordered
	}
	err = errors.Join(check(r.Want, r.Got, blind(c.Holes())...), invariants(r.Got, w))
	if err != nil {
		return Fail, err
	}
	return Pass, nil
}

// taken is what one capture has of a row.
type taken struct {
	recs   []uapi.Record
	window window
	err    error
}

// perform runs the row's operations in a child, in a fresh directory, while cs
// record.
func perform(s *Scenario, cs []Capture, dir string) (*Env, []taken, error) {
	if !hooked {
		return nil, nil, ErrNoHook
	}
	for _, n := range s.Needs {
		if err := n.Met(dir); err != nil {
			return nil, nil, unmetError{fmt.Sprintf("needs %s: %v", n.Name, err)}
		}
	}
	e, err := freshEnv(dir)
	if err != nil {
		return nil, nil, err
	}
	ch, err := spawn(s.Name, e.Base)
	if err != nil {
		return e, nil, err
	}
	defer ch.end()
	if err := ch.await(e); err != nil {
		return e, nil, err
	}
	all := make([]taken, len(cs))
	for i, c := range cs {
		all[i].window.from = boottime()
		if err := c.Start(uint32(ch.pid()), e.Base); err != nil {
			all[i].err = fmt.Errorf("starting the capture: %w", err)
		}
	}
	if err = ch.order("go"); err == nil {
		err = ch.await(e)
	}
	for i, c := range cs {
		recs, failed := c.Stop()
		if failed != nil {
			all[i].err = errors.Join(all[i].err, fmt.Errorf("stopping the capture: %w", failed))
		}
		all[i].recs, all[i].window.to = recs, boottime()
	}
	return e, all, err
}

// freshEnv makes the directories of a row.
func freshEnv(dir string) (*Env, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	base, err := os.MkdirTemp(dir, "row")
	if err != nil {
		return nil, err
	}
	// Rows drop rights and must still reach it.
	if err := os.Chmod(base, 0o755); err != nil {
		return nil, err
	}
	e := newEnv(base)
	return e, os.Mkdir(e.Dir, 0o755)
}

// remove unmounts what a child that died left behind, and removes the rest.
func (e *Env) remove() {
	for _, at := range mountsUnder(e.Base) {
		_ = unix.Unmount(at, unix.MNT_DETACH)
	}
	_ = os.RemoveAll(e.Base)
}
