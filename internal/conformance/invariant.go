// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// ErrInvariant is what the errors wrap that say that a record contradicts
// itself, its neighbours or the time at which it was made.
var ErrInvariant = errors.New("a record breaks what holds for all records")

// window is the time during which a row ran, in ns of CLOCK_BOOTTIME.
type window struct{ from, to uint64 }

func boottime() uint64 {
	var ts unix.Timespec
	// It cannot fail: the clock exists since Linux 2.6.39.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return uint64(ts.Nano())
}

// invariants checks what holds for every record of one run of one producer,
// whatever the row. recs are ordered as order does.
func invariants(recs []uapi.Record, w window) error {
	var errs []error
	ids := map[uint64]bool{}
	last := map[uint32]uint64{} // ktime by thread
	for i, r := range recs {
		bad := func(format string, a ...any) {
			errs = append(errs, fmt.Errorf("%w: %s: %s", ErrInvariant, title(r), fmt.Sprintf(format, a...)))
		}
		if _, err := uapi.Check(r); err != nil {
			errs = append(errs, fmt.Errorf("%w: %w", ErrInvariant, err))
			continue
		}
		if ids[r.EventID()] {
			bad("event_id %#x appears twice", r.EventID())
		}
		ids[r.EventID()] = true
		if i > 0 && r.GlobalSequence() != 0 && r.EventID()-recs[i-1].EventID() != r.GlobalSequence()-recs[i-1].GlobalSequence() {
			bad("event_id and global_sequence are not in step with the record before")
		}
		if r.Sequence() == 0 {
			bad("its sequence is 0")
		}
		if t := r.Ktime(); t < w.from || t > w.to {
			bad("ktime %d is not within the run, %d to %d", t, w.from, w.to)
		}
		task, ok := r.Task()
		if !ok {
			bad("it has no task attribute")
		}
		if r.Ktime() < last[task.TID] {
			bad("ktime %d is before that of the same thread's record before", r.Ktime())
		}
		last[task.TID] = r.Ktime()
		if task.StartTime == 0 || task.StartTime > r.Ktime() {
			bad("the task's start_time %d is not before ktime %d", task.StartTime, r.Ktime())
		}
		for _, what := range contradictions(r) {
			bad("%s", what)
		}
	}
	return errors.Join(errs...)
}

// contradictions tells what r says that cannot be so together.
func contradictions(r uapi.Record) []string {
	var out []string
	a, hasIO := r.IO()
	if failed := hasIO && a.Result < 0; failed != r.Flags().Has(uapi.FlagFailed) {
		out = append(out, fmt.Sprintf("result %d with flags [%s]", a.Result, r.Flags()))
	}
	if hasIO && (a.Result < -4095 || a.Offset < uapi.NoOffset) {
		out = append(out, fmt.Sprintf("offset %d and result %d are impossible", a.Offset, a.Result))
	}
	if r.Type().Category() != uapi.CategoryFilesystem {
		return out
	}
	f, hasFile := r.File()
	switch {
	case !hasFile && !r.Flags().Has(uapi.FlagFailed) && !r.Flags().Has(uapi.FlagObjectUnknown):
		out = append(out, "no file attribute though it succeeded, and not flagged")
	case hasFile && (f.Inode == 0 || f.Mode&unix.S_IFMT == 0):
		out = append(out, fmt.Sprintf("an impossible file attribute %+v", f))
	}
	if r.VisibilityMask() == 0 {
		out = append(out, "no agent may see it")
	}
	path := string(r.Path())
	cut := len(path) >= 4 && path[:4] == ".../"
	if path != "" && path[0] != '/' && !cut {
		out = append(out, "its path is not absolute")
	}
	if cut != r.Flags().Has(uapi.FlagPathTruncated) {
		out = append(out, "its path and PATH_TRUNCATED do not agree")
	}
	return out
}
