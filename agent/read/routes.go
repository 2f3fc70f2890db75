// SPDX-License-Identifier: Apache-2.0

package read

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vexj/agent/params"
	"vexj/agent/server"
	"vexj/agent/session"
	"vexj/internal/answer"
	"vexj/query"
	"vexj/query/where"
	"vexj/userjournal"
)

// Open opens the journal that is asked, for one request.
type Open func() (*userjournal.Set, error)

// Register adds the routes to a server.
func Register(s *server.Server, open Open) {
	handle := func(pattern string, f func(q *question) (any, error)) {
		s.Handle("GET /v1/"+pattern, server.ScopeRead, func(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
			answer, err := ask(open, r, p, f)
			if err != nil {
				return refusal(err)
			}
			return server.WriteJSON(w, answer)
		})
	}
	handle("log", (*question).log)
	handle("show", (*question).show)
	handle("why", (*question).why)
	handle("impact", (*question).impact)
	handle("blame", (*question).blame)
	handle("report", (*question).report)
	handle("timeline", (*question).timeline)
	handle("processes", (*question).processes)
	handle("sessions", (*question).sessions)
	handle("sessions/{session}", (*question).session)
	handle("sessions/{session}/diff", (*question).diff)
}

// longest is how long a question may take: less than the server waits with the
// answer.
const longest = 50 * time.Second

// A question is one request.
type question struct {
	*answer.Teller
	request *http.Request
	values  url.Values
}

func ask(open Open, r *http.Request, p *server.Peer, f func(*question) (any, error)) (object any, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", params.ErrParam, err)
	}
	set, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	ctx, cancel := context.WithTimeout(r.Context(), longest)
	defer cancel()
	return f(&question{answer.New(ctx, set, query.View{Mask: p.Mask}), r, values})
}

// refusal says what is the asker's mistake, and what to do.
func refusal(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &server.Error{Status: http.StatusServiceUnavailable, Text: fmt.Sprintf("it takes longer than %v", longest),
			Do: "ask for less: with a path, session, agent or time, or with a cheaper expression"}
	case errors.Is(err, context.Canceled):
		return &server.Error{Status: http.StatusServiceUnavailable, Text: "nobody waits for the answer", Do: "ask again"}
	case errors.Is(err, userjournal.ErrCursor):
		return server.BadRequest(err, "give the cursor of the last record that you got from this journal, or none")
	case errors.Is(err, userjournal.ErrNotFound):
		return &server.Error{Status: http.StatusNotFound, Text: err.Error(), Do: "GET /v1/log shows what there is"}
	case errors.Is(err, userjournal.ErrEmpty):
		return &server.Error{Status: http.StatusNotFound, Text: "nothing was recorded yet", Do: "try again later"}
	case errors.Is(err, where.ErrCost):
		return server.BadRequest(err, "ask with the other filters first, which cost nothing")
	case errors.Is(err, where.ErrExpression):
		return server.BadRequest(err, "where is CEL over the fields that `vexjctl log --where help` lists")
	case errors.Is(err, answer.ErrLimit), errors.Is(err, answer.ErrID), errors.Is(err, params.ErrParam),
		errors.Is(err, query.ErrPattern), errors.Is(err, query.ErrCondition), errors.Is(err, query.ErrType):
		return server.BadRequest(err, "vexjctl(8) has the parameters")
	}
	return err
}

// only refuses parameters that the question has not.
func (q *question) only(names ...string) error {
	for name, values := range q.values {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			return fmt.Errorf("%w: there is no %q; there are %v", params.ErrParam, name, names)
		}
		if len(values) != 1 {
			return fmt.Errorf("%w %s: give it once", params.ErrParam, name)
		}
	}
	return nil
}

// conditions are the filters, besides the parameters also.
func (q *question) conditions(also ...string) (query.Conditions, error) {
	for _, name := range also {
		if len(q.values[name]) > 1 {
			return query.Conditions{}, fmt.Errorf("%w %s: give it once", params.ErrParam, name)
		}
	}
	return params.Conditions(q.values, time.Now(), also...)
}

func (q *question) number(name string) (int, error) {
	text := q.values.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%w %s: %q is no number from 1 up", params.ErrParam, name, text)
	}
	return n, nil
}

// counted are the conditions, and a number beside them.
func (q *question) counted(name string) (c query.Conditions, n int, err error) {
	if c, err = q.conditions(name); err != nil {
		return c, 0, err
	}
	n, err = q.number(name)
	return c, n, err
}

func (q *question) flag(name string) (bool, error) {
	if !q.values.Has(name) {
		return false, nil
	}
	set, err := params.Bool(q.values.Get(name))
	if err != nil {
		return false, fmt.Errorf("%w %s: %w", params.ErrParam, name, err)
	}
	return set, nil
}

func (q *question) page() (o answer.PageOptions, err error) {
	o.After, o.Before = q.values.Get("after"), q.values.Get("before")
	if o.Limit, err = q.number("limit"); err != nil {
		return o, err
	}
	o.Reverse, err = q.flag("reverse")
	return o, err
}

func (q *question) id() (uint64, error) { return answer.ParseID(q.values.Get("id")) }

func (q *question) log() (any, error) {
	c, err := q.conditions("after", "before", "limit", "reverse")
	if err != nil {
		return nil, err
	}
	o, err := q.page()
	if err != nil {
		return nil, err
	}
	return q.Log(c, o)
}

func (q *question) show() (any, error) {
	if err := q.only("id"); err != nil {
		return nil, err
	}
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return q.Show(id)
}

func (q *question) why() (any, error) {
	if err := q.only("id"); err != nil {
		return nil, err
	}
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return q.Why(id)
}

func (q *question) impact() (any, error) {
	if err := q.only("id", "after", "limit"); err != nil {
		return nil, err
	}
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	o, err := q.page()
	if err != nil {
		return nil, err
	}
	return q.Impact(id, o)
}

func (q *question) blame() (any, error) {
	if err := q.only("path", "limit", "all", "files"); err != nil {
		return nil, err
	}
	var o query.BlameOptions
	var err error
	if o.Writers, err = q.number("limit"); err != nil {
		return nil, err
	}
	if o.Writers > answer.MaxLimit {
		return nil, answer.ErrLimit
	}
	if o.All, err = q.flag("all"); err != nil {
		return nil, err
	}
	files, err := q.number("files")
	if err != nil {
		return nil, err
	}
	if files == 0 {
		files = answer.DefaultLimit
	}
	return q.Blame(q.values.Get("path"), o, files)
}

func (q *question) report() (any, error) {
	c, err := q.conditions("by", "depth", "bucket", "limit")
	if err != nil {
		return nil, err
	}
	o := query.ReportOptions{By: query.GroupBy(q.values.Get("by"))}
	if o.Depth, err = q.number("depth"); err != nil {
		return nil, err
	}
	if text := q.values.Get("bucket"); text != "" {
		if o.Bucket, err = time.ParseDuration(text); err != nil {
			return nil, fmt.Errorf("%w bucket: %q is no duration as 10m", params.ErrParam, text)
		}
	}
	limit, err := q.number("limit")
	if err != nil {
		return nil, err
	}
	return q.Report(c, o, limit)
}

func (q *question) timeline() (any, error) {
	c, buckets, err := q.counted("buckets")
	if err != nil {
		return nil, err
	}
	return q.Timeline(c, buckets)
}

// processes takes the filters of who and when: the others would leave forks out.
func (q *question) processes() (any, error) {
	for name := range q.values {
		switch name {
		case "agent", "session", "uid", "since", "until", "limit":
		default:
			return nil, fmt.Errorf("%w: there is no %q; there are agent, session, uid, since, until, limit", params.ErrParam, name)
		}
	}
	c, limit, err := q.counted("limit")
	if err != nil {
		return nil, err
	}
	return q.Processes(c, limit)
}

func (q *question) sessions() (any, error) {
	c, limit, err := q.counted("limit")
	if err != nil {
		return nil, err
	}
	return q.Sessions(c, limit)
}

// one is the session of the path, and the limit.
func (q *question) one() (id uint64, limit int, err error) {
	if err = q.only("limit"); err != nil {
		return 0, 0, err
	}
	limit, err = q.number("limit")
	return session.ID(q.request.PathValue("session")), limit, err
}

func (q *question) session() (any, error) {
	id, top, err := q.one()
	if err != nil {
		return nil, err
	}
	if top == 0 {
		top = 10
	}
	if top > answer.MaxLimit {
		return nil, answer.ErrLimit
	}
	return q.Session(id, top)
}

func (q *question) diff() (any, error) {
	id, limit, err := q.one()
	if err != nil {
		return nil, err
	}
	return q.Diff(id, limit)
}
