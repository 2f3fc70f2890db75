// SPDX-License-Identifier: Apache-2.0

package answer

import "vexj/query"

// A Report counts records.
type Report struct {
	By      string `json:"by"`
	Total   Row    `json:"total"`
	Rows    []Row  `json:"rows"`
	More    bool   `json:"more"`            // rows than were asked for
	Other   *Row   `json:"other,omitempty"` // of rows that there was no room for
	Damaged bool   `json:"damaged,omitempty"`
}

// A Row is the counts of one group. About lists the numbers of different things
// that are right within some 3 %.
type Row struct {
	Key     *string  `json:"key,omitempty"` // null: the records have nothing of the kind
	Records uint64   `json:"records"`
	Failed  uint64   `json:"failed"`
	Bytes   uint64   `json:"bytes"` // of the records
	Read    uint64   `json:"read_bytes"`
	Written uint64   `json:"written_bytes"`
	Agents  uint64   `json:"agents"`
	PIDs    uint64   `json:"pids"`
	Paths   uint64   `json:"paths"`
	About   []string `json:"about,omitempty"`
}

func row(r *query.Row, named bool) Row {
	o := Row{Records: r.Records, Failed: r.Failed, Bytes: r.Size, Read: r.Read, Written: r.Written}
	if named && r.Key != "" {
		key := Text(r.Key)
		o.Key = &key
	}
	for _, d := range []struct {
		name  string
		count func() (uint64, bool)
		to    *uint64
	}{{"agents", r.Agents, &o.Agents}, {"pids", r.PIDs, &o.PIDs}, {"paths", r.Paths, &o.Paths}} {
		n, about := d.count()
		if *d.to = n; about {
			o.About = append(o.About, d.name)
		}
	}
	return o
}

// Report counts what meets the conditions; of the rows no more than limit.
func (t *Teller) Report(c query.Conditions, o query.ReportOptions, limit int) (*Report, error) {
	p := PageOptions{Limit: limit}
	if err := p.check(); err != nil {
		return nil, err
	}
	if o.By == "" {
		o.By = query.ByNone
	}
	r, err := t.q.Report(c, o)
	if err != nil {
		return nil, err
	}
	out := &Report{By: string(o.By), Total: row(&r.Total, false), Rows: []Row{}, More: len(r.Rows) > p.Limit, Damaged: t.Damaged()}
	for _, one := range r.Rows[:min(len(r.Rows), p.Limit)] {
		out.Rows = append(out.Rows, row(one, true))
	}
	if r.Other != nil {
		other := row(r.Other, false)
		out.Other = &other
	}
	return out, nil
}
