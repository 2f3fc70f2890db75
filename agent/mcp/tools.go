// SPDX-License-Identifier: Apache-2.0

package mcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"vexj/internal/answer"
	"vexj/query"
)

// Bounds of what tools are asked for.
const (
	defaultWait = 30
	maxWait     = 600 // seconds
	maxHits     = 100
	maxWriters  = 1_000
)

// tool adds one whose answers are those of f.
func tool[In any](s *sdk.Server, name, title, description string, f func(ctx context.Context, in *In) (any, error)) {
	reading, closed := true, false
	t := &sdk.Tool{Name: name, Title: title, Description: description,
		Annotations: &sdk.ToolAnnotations{Title: title, ReadOnlyHint: reading, IdempotentHint: true, OpenWorldHint: &closed}}
	sdk.AddTool(s, t, func(ctx context.Context, _ *sdk.CallToolRequest, in In) (*sdk.CallToolResult, any, error) {
		object, err := f(ctx, &in)
		if err != nil {
			return nil, nil, err
		}
		r, err := text(object)
		return r, nil, err
	})
}

type logInput struct {
	Filter
	Paging
	Newest bool `json:"newest,omitempty" jsonschema:"the newest records, newest first; without after"`
}

type idInput struct {
	ID string `json:"id" jsonschema:"an event id"`
}

type impactInput struct {
	ID string `json:"id" jsonschema:"an event id: of an intent, a process's fork or exec, or anything else"`
	Paging
}

type blameInput struct {
	Path    string `json:"path" jsonschema:"absolute path of a file or a folder"`
	Writers int    `json:"writers,omitempty" jsonschema:"how many writers of a file, 10 if not given"`
	Files   int    `json:"files,omitempty" jsonschema:"how many files of a folder, 50 if not given"`
	All     bool   `json:"all,omitempty" jsonschema:"all of the history: other changes than those of the content, and files that had the path before"`
}

type reportInput struct {
	Filter
	By     string `json:"by,omitempty" jsonschema:"a row for each: type, category, path, agent, session, command, time; none if not given"`
	Depth  int    `json:"depth,omitempty" jsonschema:"by path: components of it, 1 if not given"`
	Bucket string `json:"bucket,omitempty" jsonschema:"by time: how long a row is, 1h if not given"`
	Limit  int    `json:"limit,omitempty" jsonschema:"rows, 50 if not given"`
}

type waitInput struct {
	Filter
	Paging
	Timeout int `json:"timeout,omitempty" jsonschema:"seconds to wait, 30 if not given, at most 600"`
}

type searchInput struct {
	Text  string `json:"text" jsonschema:"what to look for, in words"`
	Limit int    `json:"limit,omitempty" jsonschema:"hits, 10 if not given"`
}

func (d *door) tools(s *sdk.Server) {
	tool(s, "log", "Records", "Read the journal: the records that meet all conditions, oldest first, page by page. Without conditions, everything.", d.log)
	tool(s, "blame", "Who changed a file", "Tell who changed a file, newest first: process, agent, session and intent. "+
		"Follows the file through renames and hard links. Of a folder, tells who changed each file last.", d.blame)
	tool(s, "why", "How an event came about", "Tell what caused an event: the chain of causes up to the first, the intent behind it, and the processes that led to it.", d.why)
	tool(s, "impact", "What came of an event", "Tell what came of an event: all effects of an intent, a process or anything else, page by page.", d.impact)
	tool(s, "report", "Counts", "Count records, bytes and different agents, processes and paths, by what they have in common.", d.report)
	tool(s, "wait", "Wait for a record", "Wait until something is recorded that meets the conditions, or the time is over. Without a cursor, from now on; "+
		"give the cursor of the answer as after to miss nothing in between.", d.wait)
	if d.o.Search != nil {
		tool(s, "search", "Search by meaning", "Find paths, intents and commands that are like a text.", d.search)
	}
}

func (d *door) log(ctx context.Context, in *logInput) (any, error) {
	c, err := in.conditions()
	if err != nil {
		return nil, err
	}
	o, err := in.options()
	if err != nil {
		return nil, err
	}
	o.Reverse = in.Newest
	return d.ask(ctx, func(t *answer.Teller) (any, error) { return t.Log(c, o) })
}

func (d *door) why(ctx context.Context, in *idInput) (any, error) {
	id, err := answer.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	return d.ask(ctx, func(t *answer.Teller) (any, error) { return t.Why(id) })
}

func (d *door) impact(ctx context.Context, in *impactInput) (any, error) {
	id, err := answer.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	o, err := in.options()
	if err != nil {
		return nil, err
	}
	return d.ask(ctx, func(t *answer.Teller) (any, error) { return t.Impact(id, o) })
}

func (d *door) blame(ctx context.Context, in *blameInput) (any, error) {
	if in.Files == 0 {
		in.Files = 50
	}
	if in.Writers < 0 || in.Writers > maxWriters || in.Files < 0 || in.Files > query.MaxFiles {
		return nil, fmt.Errorf("writers is at most %d and files at most %d", maxWriters, query.MaxFiles)
	}
	return d.ask(ctx, func(t *answer.Teller) (any, error) {
		return t.Blame(in.Path, query.BlameOptions{Writers: in.Writers, All: in.All}, in.Files)
	})
}

func (d *door) report(ctx context.Context, in *reportInput) (any, error) {
	c, err := in.conditions()
	if err != nil {
		return nil, err
	}
	o := query.ReportOptions{By: query.GroupBy(in.By), Depth: in.Depth}
	if in.Bucket != "" {
		if o.Bucket, err = time.ParseDuration(in.Bucket); err != nil {
			return nil, fmt.Errorf("bucket %q is no duration as 10m", in.Bucket)
		}
	}
	if in.Limit == 0 {
		in.Limit = 50
	}
	return d.ask(ctx, func(t *answer.Teller) (any, error) { return t.Report(c, o, in.Limit) })
}

// waited is a page, or the end of the time.
type waited struct {
	*answer.Page
	TimedOut bool `json:"timed_out,omitempty"`
}

func (d *door) wait(ctx context.Context, in *waitInput) (any, error) {
	c, err := in.conditions()
	if err != nil {
		return nil, err
	}
	o, err := in.options()
	if err != nil {
		return nil, err
	}
	if in.Timeout == 0 {
		in.Timeout = defaultWait
	}
	if in.Timeout < 0 || in.Timeout > maxWait {
		return nil, fmt.Errorf("timeout is 1 to %d seconds, not %d", maxWait, in.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Timeout)*time.Second)
	defer cancel()
	return d.ask(ctx, func(t *answer.Teller) (any, error) {
		if o.After == "" {
			now, err := t.Now()
			if err != nil {
				return nil, err
			}
			o.After = now
		}
		p, err := t.Wait(ctx, c, o)
		if err != nil {
			return nil, err
		}
		return waited{p, len(p.Records) == 0}, nil
	})
}

func (d *door) search(ctx context.Context, in *searchInput) (any, error) {
	if in.Text == "" {
		return nil, errors.New("text is empty: say what to look for")
	}
	if in.Limit == 0 {
		in.Limit = 10
	}
	if in.Limit < 0 || in.Limit > maxHits {
		return nil, fmt.Errorf("limit is 1 to %d, not %d", maxHits, in.Limit)
	}
	return d.o.Search(ctx, in.Text, in.Limit, d.o.View)
}
