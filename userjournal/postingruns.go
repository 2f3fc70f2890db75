// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"math"
	"slices"
)

// Posting runs are the postings of one segment, of which all but the last are
// in a file, each run sorted, so that memory does not grow with the segment.
type postingRuns struct {
	fs      FS
	path    string // of the file
	file    File   // nil: none is in it
	size    int64
	ends    []int64
	scratch postings
	buffer  []byte
}

// runBuffer is what is written and read of a run at a time.
const runBuffer = 32 << 10

// put sorts the postings and writes them as a run.
func (r *postingRuns) put(p *postings) (err error) {
	if r.file == nil {
		_ = r.fs.Remove(r.path) // of a process that had this pid
		if r.file, err = r.fs.Create(r.path); err != nil {
			return err
		}
	}
	p.sort(&r.scratch)
	for rest := *p; len(rest) > 0; {
		n := min(len(rest), runBuffer/8)
		r.buffer = r.buffer[:0]
		for _, v := range rest[:n] {
			r.buffer = le.AppendUint64(r.buffer, v)
		}
		if _, err := r.file.WriteAt(r.buffer, r.size); err != nil {
			return err
		}
		r.size += int64(len(r.buffer))
		rest = rest[n:]
	}
	r.ends = append(r.ends, r.size)
	*p = (*p)[:0]
	return nil
}

// merge calls fn for all postings in order, last being those that are in no run.
func (r *postingRuns) merge(last *postings, fn func(posting uint64) error) error {
	last.sort(&r.scratch)
	all := []*runHead{{rest: *last}}
	from := int64(0)
	for _, end := range r.ends {
		all = append(all, &runHead{file: r.file, at: from, end: end})
		from = end
	}
	// The heads that have something, and what is first of each.
	var heads []*runHead
	var first []uint64
	for _, h := range all {
		switch some, err := h.fill(); {
		case err != nil:
			return err
		case some:
			heads, first = append(heads, h), append(first, h.rest[0])
		}
	}
	for len(heads) > 0 {
		// What the lowest has before the first of any other is next as a whole.
		lowest, before := 0, uint64(math.MaxUint64)
		for i, p := range first[1:] {
			if p < first[lowest] {
				before, lowest = first[lowest], i+1
			} else {
				before = min(before, p)
			}
		}
		h := heads[lowest]
		n := 1
		for n < len(h.rest) && h.rest[n] < before {
			n++
		}
		for _, p := range h.rest[:n] {
			if err := fn(p); err != nil {
				return err
			}
		}
		h.rest = h.rest[n:]
		some, err := h.fill()
		if err != nil {
			return err
		}
		if !some {
			heads, first = slices.Delete(heads, lowest, lowest+1), slices.Delete(first, lowest, lowest+1)
			continue
		}
		first[lowest] = h.rest[0]
	}
	return nil
}

// close removes the file.
func (r *postingRuns) close() error {
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.file.Close(), r.fs.Remove(r.path))
	r.file, r.size, r.ends = nil, 0, nil
	return err
}

// A runHead is what comes next of a run.
type runHead struct {
	rest    postings
	file    File
	at, end int64
	buffer  []byte
	own     postings
}

// fill is false at the end of the run.
func (h *runHead) fill() (bool, error) {
	if len(h.rest) > 0 || h.at == h.end {
		return len(h.rest) > 0, nil
	}
	n := int(min(h.end-h.at, runBuffer))
	h.buffer = grow(h.buffer[:0], n)[:n]
	if err := readFull(h.file, h.buffer, h.at); err != nil {
		return false, err
	}
	h.at += int64(n)
	h.own = h.own[:0]
	for b := h.buffer; len(b) > 0; b = b[8:] {
		h.own = append(h.own, le.Uint64(b))
	}
	h.rest = h.own
	return true, nil
}
