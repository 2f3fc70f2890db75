// SPDX-License-Identifier: Apache-2.0

package mcp

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"vexj/agent/params"
	"vexj/internal/answer"
	"vexj/query"
)

// Filter is what all tools that take records by conditions have.
type Filter struct {
	Type         []string `json:"type,omitempty" jsonschema:"types, categories or groups such as write, rename, exec, modify, process; -word takes away"`
	Category     []string `json:"category,omitempty" jsonschema:"filesystem, process, agent, semantic, vector, graph, system, observability"`
	Path         []string `json:"path,omitempty" jsonschema:"patterns for a whole path: /etc/passwd, /etc/**, *.go"`
	Agent        []string `json:"agent,omitempty" jsonschema:"agent ids"`
	Session      []string `json:"session,omitempty" jsonschema:"names or numbers of sessions"`
	PID          []int    `json:"pid,omitempty" jsonschema:"process ids"`
	UID          []int    `json:"uid,omitempty" jsonschema:"user ids"`
	Comm         []string `json:"comm,omitempty" jsonschema:"patterns for the name of the program"`
	Inode        []string `json:"inode,omitempty" jsonschema:"inode numbers"`
	Transaction  []string `json:"transaction,omitempty" jsonschema:"transaction numbers"`
	Chain        []string `json:"chain,omitempty" jsonschema:"numbers of causality chains"`
	Tag          []string `json:"tag,omitempty" jsonschema:"tags of records"`
	Flag         []string `json:"flag,omitempty" jsonschema:"event flags, all of which are set"`
	MinPriority  string   `json:"min_priority,omitempty" jsonschema:"the least urgent that will do: critical, high, normal, low, background"`
	MinRelevance int      `json:"min_relevance,omitempty" jsonschema:"0 to 100"`
	Since        string   `json:"since,omitempty" jsonschema:"from this time on: 10m (that long ago), today, 2026-03-01T12:00:00Z"`
	Until        string   `json:"until,omitempty" jsonschema:"before this time"`
	Failed       bool     `json:"failed,omitempty" jsonschema:"operations that failed only"`
	Where        string   `json:"where,omitempty" jsonschema:"a CEL expression over the fields of a record, such as: type == \"write\" && path.below(\"/etc\") && uid != 0"`
}

// conditions reads them as the parameters of a URL are read.
func (f *Filter) conditions() (query.Conditions, error) {
	v := url.Values{}
	lists := map[string][]string{"type": f.Type, "category": f.Category, "path": f.Path, "agent": f.Agent, "session": f.Session,
		"comm": f.Comm, "inode": f.Inode, "transaction": f.Transaction, "chain": f.Chain, "tag": f.Tag, "flag": f.Flag,
		"pid": words(f.PID), "uid": words(f.UID)}
	for name, list := range lists {
		if len(list) > 0 {
			v[name] = list
		}
	}
	for name, word := range map[string]string{"min-priority": f.MinPriority, "since": f.Since, "until": f.Until, "where": f.Where} {
		if word != "" {
			v.Set(name, word)
		}
	}
	if f.MinRelevance != 0 {
		v.Set("min-relevance", strconv.Itoa(f.MinRelevance))
	}
	if f.Failed {
		v.Set("failed", "true")
	}
	return params.Conditions(v, time.Now())
}

func words(numbers []int) (list []string) {
	for _, n := range numbers {
		list = append(list, strconv.Itoa(n))
	}
	return list
}

// Paging is what all tools that answer with records have.
type Paging struct {
	After  string `json:"after,omitempty" jsonschema:"the cursor of an earlier answer: go on behind it"`
	Limit  int    `json:"limit,omitempty" jsonschema:"records, 100 if not given, at most 10000"`
	Budget int    `json:"budget,omitempty" jsonschema:"bytes of records that an answer may have, 16384 if not given, at most 1048576"`
	Full   bool   `json:"full,omitempty" jsonschema:"all fields of the records, not just those that matter most"`
}

func (p *Paging) options() (answer.PageOptions, error) {
	o := answer.PageOptions{After: p.After, Limit: p.Limit, Bytes: p.Budget, Brief: !p.Full}
	if o.Bytes == 0 {
		o.Bytes = defaultBudget
	}
	if o.Bytes < 0 || o.Bytes > maxBudget {
		return o, fmt.Errorf("budget is 1 to %d bytes, not %d", maxBudget, p.Budget)
	}
	return o, nil
}
