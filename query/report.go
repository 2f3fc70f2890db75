// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// GroupBy is what the rows of a report stand for.
type GroupBy string

// The kinds of rows. None is one row of everything.
const (
	ByNone     GroupBy = "none"
	ByType     GroupBy = "type"
	ByCategory GroupBy = "category"
	ByPath     GroupBy = "path" // the first components of the path
	ByAgent    GroupBy = "agent"
	BySession  GroupBy = "session"
	ByCommand  GroupBy = "command"
	ByTime     GroupBy = "time"
)

// GroupWords are all of them.
func GroupWords() []string {
	return []string{string(ByNone), string(ByType), string(ByCategory), string(ByPath), string(ByAgent), string(BySession),
		string(ByCommand), string(ByTime)}
}

// ReportOptions say what a report is of.
type ReportOptions struct {
	By     GroupBy
	Depth  int           // ByPath: components; 0: 1
	Bucket time.Duration // ByTime; 0: an hour
}

// maxRows bounds the rows that are kept while counting; the records of others are
// counted together.
const maxRows = 8192

// A Report counts records by what they have in common.
type Report struct {
	Total Row
	Rows  []*Row // the heaviest first, by time in its order
	// Other counts the records of rows that there was no room for; nil: there
	// was.
	Other *Row
}

// A Row is the counts of one group.
type Row struct {
	Key     string // empty: the records have nothing of the kind
	Start   time.Time
	Records uint64
	Failed  uint64
	Size    uint64 // bytes of the records
	Read    uint64 // bytes, by operations
	Written uint64

	agents, pids, paths distinct
}

// Agents is how many different ones there are; about: the number is right within
// some 3 %.
func (row *Row) Agents() (n uint64, about bool) { return row.agents.count() }

// PIDs: see Agents.
func (row *Row) PIDs() (n uint64, about bool) { return row.pids.count() }

// Paths: see Agents.
func (row *Row) Paths() (n uint64, about bool) { return row.paths.count() }

// Report counts what meets the conditions.
func (q *Inquiry) Report(c Conditions, o ReportOptions) (*Report, error) {
	if o.Depth == 0 {
		o.Depth = 1
	}
	if o.Bucket == 0 {
		o.Bucket = time.Hour
	}
	switch {
	case o.By == "":
		o.By = ByNone
	case !slices.Contains(GroupWords(), string(o.By)):
		return nil, fmt.Errorf("%w: a report is by %v, not %q", ErrCondition, GroupWords(), o.By)
	}
	if o.Depth < 1 || o.Bucket < time.Second {
		return nil, fmt.Errorf("%w: a path has at least one component and a bucket a second", ErrCondition)
	}
	t := &tally{o: o, r: &Report{}, rows: map[string]*Row{}, seed: maphash.MakeSeed()}
	err := q.scan(c, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		at := time.Time{}
		if o.By == ByTime {
			at = q.src.WallTime(ordinal, r.Ktime())
		}
		t.add(r, at)
		return nil
	})
	return t.finish(), err
}

type tally struct {
	o    ReportOptions
	r    *Report
	rows map[string]*Row
	key  []byte
	seed maphash.Seed
}

func (t *tally) add(r uapi.Record, at time.Time) {
	t.r.Total.add(r, t.seed)
	if t.o.By == ByNone {
		return
	}
	start := at.Truncate(t.o.Bucket)
	key := t.keyOf(r, start)
	row := t.rows[string(key)]
	if row == nil {
		if len(t.rows) < maxRows {
			row = &Row{Key: string(key), Start: start}
			t.rows[row.Key] = row
		} else {
			if t.r.Other == nil {
				t.r.Other = &Row{}
			}
			row = t.r.Other
		}
	}
	row.add(r, t.seed)
}

// keyOf is valid until the next call.
func (t *tally) keyOf(r uapi.Record, start time.Time) []byte {
	t.key = t.key[:0]
	switch t.o.By {
	case ByType:
		return append(t.key, r.Type().String()...)
	case ByCategory:
		return append(t.key, r.Type().Category().String()...)
	case ByPath:
		return firstComponents(r.Path(), t.o.Depth)
	case ByAgent:
		id, _ := r.Attr(uapi.AttrAgentID)
		return id
	case BySession:
		if n, ok := r.U64(uapi.AttrSession); ok {
			t.key = strconv.AppendUint(t.key, n, 10)
		}
		return t.key
	case ByCommand:
		return r.Comm()
	}
	t.key = start.UTC().AppendFormat(t.key, time.RFC3339)
	return t.key
}

// firstComponents cuts a path behind so many of its components.
func firstComponents(p []byte, depth int) []byte {
	end := 0
	for range depth {
		if end >= len(p) {
			return p
		}
		n := bytes.IndexByte(p[end+1:], '/')
		if n < 0 {
			return p
		}
		end += 1 + n
	}
	return p[:end]
}

func (row *Row) add(r uapi.Record, seed maphash.Seed) {
	row.Records++
	row.Size += uint64(len(r))
	row.pids.add(maphash.Comparable(seed, r.PID()))
	failed := r.Flags().Has(uapi.FlagFailed)
	if failed {
		row.Failed++
	}
	for tag, v := range r.Attrs() {
		switch tag {
		case uapi.AttrPath:
			row.paths.add(maphash.Bytes(seed, v))
		case uapi.AttrAgentID:
			row.agents.add(maphash.Bytes(seed, v))
		case uapi.AttrIO:
			o, ok := r.IO()
			if !ok || failed || o.Result <= 0 {
				continue
			}
			switch r.Type() {
			case uapi.FSRead:
				row.Read += uint64(o.Result)
			case uapi.FSWrite:
				row.Written += uint64(o.Result)
			}
		}
	}
}

func (t *tally) finish() *Report {
	for _, row := range t.rows {
		t.r.Rows = append(t.r.Rows, row)
	}
	slices.SortFunc(t.r.Rows, func(a, b *Row) int {
		if t.o.By == ByTime {
			return a.Start.Compare(b.Start)
		}
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Key, b.Key))
	})
	return t.r
}
