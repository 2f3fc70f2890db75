// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"
	"hash"

	"vexj/mirror"
	"vexj/ring"
	"vexj/uapi"
	"vexj/userjournal"
)

// A Producer makes records.
type Producer interface {
	mirror.Source
	Rings() []uapi.RingFD
}

// A Recorder is the chain from a producer's rings to a journal.
type Recorder struct {
	// Journal is what is recorded into.
	Journal *userjournal.Writer

	rings  []*ring.Ring
	reader *ring.Reader
	end    context.CancelFunc
	ended  chan error
}

// Start records into a journal in the directory until Stop. The producer stays the
// caller's. Of digest, unless it is nil, see [mirror.Options].
func Start(p Producer, dir string, digest hash.Hash) (*Recorder, error) {
	w, err := userjournal.Create(dir, userjournal.Options{})
	if err != nil {
		return nil, err
	}
	r := &Recorder{Journal: w, ended: make(chan error, 1)}
	for _, fd := range p.Rings() {
		one, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.rings = append(r.rings, one)
	}
	if r.reader, err = ring.NewReader(r.rings); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if w, ok := p.(interface{ WakeBy(func()) }); ok {
		w.WakeBy(r.reader.Wake)
	}
	ctx, end := context.WithCancel(context.Background())
	r.end = end
	m := mirror.New(p, r.reader, w, mirror.Options{Journal: dir, Digest: digest})
	go func() { r.ended <- m.Run(ctx) }()
	return r, nil
}

// Stop ends it: what happened before is in the journal then, which is closed.
func (r *Recorder) Stop() error {
	r.end()
	return errors.Join(<-r.ended, r.close())
}

func (r *Recorder) close() error {
	var errs []error
	if r.reader != nil {
		errs = append(errs, r.reader.Close())
	}
	for _, one := range r.rings {
		errs = append(errs, one.Close())
	}
	return errors.Join(append(errs, r.Journal.Close())...)
}
