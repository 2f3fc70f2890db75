// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"vexj/uapi"
	"vexj/vector"
	"vexj/vector/embed"
)

// A document is what can be found.
type document struct {
	id   uint64
	text string // of which the vector is made
	path string
	tags tags
}

// tags are what a hit is made of; they are kept with the vector.
type tags struct {
	Kind  string `json:"kind"`
	Text  string `json:"text,omitempty"`
	Event string `json:"event,omitempty"`
	Line  int    `json:"line,omitempty"`
	// Stamp is of the file when it was read.
	Stamp string `json:"stamp,omitempty"`
}

// maxText is how much of a text is kept to be shown, in bytes.
const maxText = 400

func cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "\u2026"
}

// documents are what a record is found by.
func documents(rec uapi.Record) (docs []document) {
	event := strconv.FormatUint(rec.EventID(), 10)
	for _, path := range [][]byte{rec.Path(), rec.Path2()} {
		p := string(path)
		if len(p) > 1 && p[0] == '/' && rec.Type().Category() == uapi.CategoryFilesystem {
			docs = append(docs, document{id: idOf("path", p), text: p, path: p, tags: tags{Kind: "path"}})
		}
	}
	switch rec.Type() {
	case uapi.SemIntent:
		intent, _ := rec.Attr(uapi.AttrAgentIntent)
		agent, _ := rec.Attr(uapi.AttrAgentID)
		if len(intent) > 0 {
			docs = append(docs, document{
				id: idOf("intent", event), text: string(intent) + " " + string(agent), tags: tags{Kind: "intent", Text: cut(string(intent)), Event: event},
			})
		}
	case uapi.ProcExec:
		args := strings.TrimSpace(strings.ReplaceAll(string(rec.Argv()), "\x00", " "))
		if args == "" {
			break
		}
		docs = append(docs, document{
			id: idOf("command", args), text: string(rec.Path()) + " " + args, path: string(rec.Path()), tags: tags{Kind: "command", Text: cut(args), Event: event},
		})
	}
	return docs
}

// A taker takes documents into the collection, many at a time.
type taker struct {
	x     *Index
	ctx   context.Context
	batch []document
	seen  map[uint64]bool // in the batch
	taken int
}

const takeAtOnce = 256

// add takes a document, if there is none of its id; replace: also if there is.
func (t *taker) add(d document, replace bool) error {
	if t.seen[d.id] && !replace {
		return nil
	}
	if !replace {
		there, err := t.x.c.Store().Has(d.id)
		if err != nil || there {
			return err
		}
	}
	if t.seen == nil {
		t.seen = map[uint64]bool{}
	}
	if t.seen[d.id] {
		if err := t.flush(); err != nil {
			return err
		}
	}
	t.seen[d.id] = true
	t.batch = append(t.batch, d)
	if len(t.batch) < takeAtOnce {
		return nil
	}
	return t.flush()
}

func (t *taker) flush() error {
	if len(t.batch) == 0 {
		return nil
	}
	texts := make([]string, len(t.batch))
	for i, d := range t.batch {
		texts[i] = d.text
		if t.x.lexical != nil {
			t.x.lexical.Observe(d.text)
		}
	}
	vs, err := t.x.embedder.Embed(t.ctx, embed.Document, texts)
	if err != nil {
		return err
	}
	cause, err := t.x.c.Embedded(t.x.embedder.Model(), t.x.c.Config().Dims, len(vs))
	if err != nil {
		return err
	}
	changes := make([]vector.Change, 0, len(vs))
	for i, d := range t.batch {
		c, err := t.change(d, vs[i])
		if err != nil {
			return err
		}
		if c != nil {
			c.Cause = cause
			changes = append(changes, *c)
		}
	}
	t.batch = t.batch[:0]
	clear(t.seen)
	t.taken += len(changes)
	return t.x.c.Change(changes)
}

// change makes one of a document; nil if there is no word in it.
func (t *taker) change(d document, v []float32) (*vector.Change, error) {
	zero := true
	for _, x := range v {
		zero = zero && x == 0
	}
	if zero {
		return nil, nil
	}
	config := t.x.c.Store().Config()
	raw, err := config.Encode(nil, v)
	if err != nil {
		return nil, fmt.Errorf("embedder %s: %w", t.x.embedder.Model(), err)
	}
	text, err := json.Marshal(d.tags)
	if err != nil {
		return nil, err
	}
	c := &vector.Change{Op: uapi.VectorCreate, ID: d.id, Raw: raw, Meta: vector.Meta{Path: d.path, Tags: string(text)}}
	there, err := t.x.c.Store().Has(d.id)
	if there {
		c.Op = uapi.VectorUpdate
	}
	return c, err
}
