// SPDX-License-Identifier: Apache-2.0

package cloudevents

import (
	"context"

	"vexj/export/deliver"
	"vexj/internal/render"
	"vexj/userjournal"
)

const (
	maxEvents = 1000
	maxBytes  = 1 << 20 // of a batch, uncompressed; one event may make it larger
)

// Batches sends events to an endpoint, in the format application/cloudevents-batch+json.
type Batches struct {
	c      *Encoder
	to     *deliver.Endpoint
	body   []byte
	events int
}

// NewBatches sends events to a URL.
func NewBatches(journal [16]byte, url string, o deliver.Options) (*Batches, error) {
	to, err := deliver.New(url, "application/cloudevents-batch+json; charset=UTF-8", o)
	if err != nil {
		return nil, err
	}
	return &Batches{c: NewEncoder(journal), to: to}, nil
}

// Add puts an event into the batch.
func (b *Batches) Add(e render.Entry) error {
	sep := byte(',')
	if b.events == 0 {
		sep, b.body = '[', b.body[:0]
	}
	b.body = b.c.Append(append(b.body, sep), e)
	b.events++
	return nil
}

// Full reports whether the batch is large enough.
func (b *Batches) Full() bool { return b.events >= maxEvents || len(b.body) >= maxBytes }

// Commit sends the batch.
func (b *Batches) Commit(ctx context.Context, _, _ userjournal.Position) error {
	if b.events == 0 {
		return nil
	}
	// The bracket is no part of it, so that another Commit may send it again.
	_, err := b.to.Post(ctx, append(b.body, ']'))
	if err == nil {
		b.events = 0
	}
	return err
}

// Close drops what was not sent.
func (b *Batches) Close() error { return nil }
