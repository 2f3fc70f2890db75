// SPDX-License-Identifier: Apache-2.0

package top

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"vexj/internal/quote"
	"vexj/query"
	"vexj/uapi"
)

const (
	// window is after which what was counted begins to be forgotten.
	window = 10 * time.Second
	// kept is how many different keys each table counts.
	kept = 2000
)

// The tables of a board.
const (
	sessions = iota
	paths
	writers
	vectors
	tables
)

var titles = [tables]string{"SESSIONS", "PATHS", "WRITERS", "VECTORS AND GRAPH"}

// A tally is what was counted in a window.
type tally struct {
	since                   time.Time
	records, failed, missed uint64
	lost, written           uint64
	ops, bytes              [tables]*query.Sketch
}

func newTally(now time.Time) *tally {
	t := &tally{since: now}
	for i := range tables {
		t.ops[i], t.bytes[i] = query.NewSketch(kept), query.NewSketch(kept)
	}
	return t
}

// A Board counts records. Its methods may be called by any goroutine.
type Board struct {
	mu        sync.Mutex
	now       func() time.Time
	prev, cur *tally
	lost      uint64 // ever since
	missed    uint64
	key       []byte
}

// NewBoard returns an empty one.
func NewBoard() *Board { return newBoard(time.Now) }

func newBoard(now func() time.Time) *Board { return &Board{now: now, cur: newTally(now())} }

// Reset begins again.
func (b *Board) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prev, b.cur, b.lost, b.missed = nil, newTally(b.now()), 0, 0
}

// turn begins another window when it is time. The lock is held.
func (b *Board) turn() {
	now := b.now()
	switch age := now.Sub(b.cur.since); {
	case age >= 2*window:
		b.prev, b.cur = nil, newTally(now)
	case age >= window:
		b.prev, b.cur = b.cur, newTally(now)
	}
}

// Missed counts records that the board did not get in time.
func (b *Board) Missed(n uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	b.missed += n
	b.cur.missed += n
}

// Add counts a record.
func (b *Board) Add(r uapi.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	t := b.cur
	t.records++
	if lost, ok := r.Lost(); ok && r.Type() == uapi.SysLost {
		t.lost += lost.Count
		b.lost += lost.Count
		return
	}
	if r.Flags().Has(uapi.FlagFailed) {
		t.failed++
	}
	var n uint64
	if io, ok := r.IO(); ok && r.Type() == uapi.FSWrite && io.Result > 0 {
		n = uint64(io.Result)
		t.written += n
	}
	b.count(sessions, b.session(r), n)
	if path := r.Path(); len(path) > 0 {
		b.count(paths, path, n)
	}
	switch c := r.Type().Category(); {
	case c == uapi.CategoryVector || c == uapi.CategoryGraph:
		b.count(vectors, append(b.key[:0], r.Type().String()...), n)
	case c == uapi.CategoryFilesystem && changes(r.Type()):
		b.count(writers, b.writer(r), n)
	}
}

func (b *Board) count(table int, key []byte, n uint64) {
	if len(key) == 0 {
		return
	}
	b.cur.ops[table].Add(key, 1)
	if n > 0 {
		b.cur.bytes[table].Add(key, n)
	}
}

// session names agent and session, if the record has one.
func (b *Board) session(r uapi.Record) []byte {
	agent, _ := r.Attr(uapi.AttrAgentID)
	session, ok := r.U64(uapi.AttrSession)
	if len(agent) == 0 && !ok {
		return nil
	}
	b.key = append(append(b.key[:0], agent...), ' ')
	return strconv.AppendUint(b.key, session, 10)
}

func (b *Board) writer(r uapi.Record) []byte {
	b.key = append(append(b.key[:0], r.Comm()...), '[')
	return append(strconv.AppendUint(b.key, uint64(r.PID()), 10), ']')
}

var modify = func() map[uapi.Type]bool {
	types, err := query.ParseTypes([]string{"modify"})
	if err != nil {
		panic(err)
	}
	m := map[uapi.Type]bool{}
	for _, t := range types {
		m[t] = true
	}
	return m
}()

func changes(t uapi.Type) bool { return modify[t] }

// A Row is one line of a table.
type Row struct {
	Name  string  `json:"name"`
	Ops   float64 `json:"ops"`   // a second
	Bytes float64 `json:"bytes"` // written, a second
}

// A Picture is a board at one moment. Rates are a second.
type Picture struct {
	Seconds   float64 `json:"seconds"` // that the rates are of
	Records   float64 `json:"records"`
	Written   float64 `json:"written"`
	Failed    float64 `json:"failed"`
	Lost      uint64  `json:"lost"` // since the beginning
	NotSeen   uint64  `json:"not_seen"`
	Sessions  []Row   `json:"sessions"`
	Paths     []Row   `json:"paths"`
	Writers   []Row   `json:"writers"`
	VectorOps []Row   `json:"vectors"`
}

// Picture is at most n rows of each table, ordered by bytes or else by operations.
func (b *Board) Picture(n int, byBytes bool) Picture {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	all := []*tally{b.cur}
	if b.prev != nil {
		all = append(all, b.prev)
	}
	seconds := max(b.now().Sub(all[len(all)-1].since).Seconds(), 0.001)
	p := Picture{Seconds: seconds, Lost: b.lost, NotSeen: b.missed}
	for _, t := range all {
		p.Records += float64(t.records) / seconds
		p.Written += float64(t.written) / seconds
		p.Failed += float64(t.failed) / seconds
	}
	var rows [tables][]Row
	for i := range tables {
		rows[i] = table(all, i, n, byBytes, seconds)
	}
	p.Sessions, p.Paths, p.Writers, p.VectorOps = rows[sessions], rows[paths], rows[writers], rows[vectors]
	return p
}

func table(all []*tally, i, n int, byBytes bool, seconds float64) []Row {
	found := map[string]*Row{}
	for _, t := range all {
		for _, of := range []struct {
			sketch *query.Sketch
			to     func(*Row) *float64
		}{{t.ops[i], func(r *Row) *float64 { return &r.Ops }}, {t.bytes[i], func(r *Row) *float64 { return &r.Bytes }}} {
			for _, top := range of.sketch.Top(kept) {
				r := found[top.Key]
				if r == nil {
					r = &Row{Name: quote.Text(top.Key)}
					found[top.Key] = r
				}
				*of.to(r) += float64(top.Weight) / seconds
			}
		}
	}
	return first(found, n, byBytes)
}

func rate(f float64) string {
	switch {
	case f >= 1e6:
		return fmt.Sprintf("%.1fM", f/1e6)
	case f >= 1e4:
		return fmt.Sprintf("%.1fk", f/1e3)
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.1f", f)
}

func size(f float64) string {
	const k = 1 << 10
	switch {
	case f >= k*k*k:
		return fmt.Sprintf("%.1f GiB", f/(k*k*k))
	case f >= k*k:
		return fmt.Sprintf("%.1f MiB", f/(k*k))
	case f >= k:
		return fmt.Sprintf("%.1f KiB", f/k)
	case f > 0:
		return fmt.Sprintf("%.0f B", f)
	}
	return "-"
}
