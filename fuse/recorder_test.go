// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"context"
	"errors"
	"testing"

	"vexj/mirror"
	rings "vexj/ring"
	"vexj/userjournal"
)

// A recorder brings what a producer makes into a journal.
type recorder struct {
	w      *userjournal.Writer
	rings  []*rings.Ring
	reader *rings.Reader
	end    context.CancelFunc
	ended  chan error
}

func record(p *Producer, dir string) (*recorder, error) {
	w, err := userjournal.Create(dir, userjournal.Options{})
	if err != nil {
		return nil, err
	}
	r := &recorder{w: w, ended: make(chan error, 1)}
	for _, fd := range p.Rings() {
		one, err := rings.Open(fd.FD, fd.Size)
		if err != nil {
			return nil, err
		}
		r.rings = append(r.rings, one)
	}
	if r.reader, err = rings.NewReader(r.rings); err != nil {
		return nil, err
	}
	p.WakeBy(r.reader.Wake)
	ctx, end := context.WithCancel(context.Background())
	r.end = end
	m := mirror.New(p, r.reader, w, mirror.Options{Journal: dir})
	go func() { r.ended <- m.Run(ctx) }()
	return r, nil
}

func (r *recorder) stop(t *testing.T) {
	t.Helper()
	r.end()
	errs := []error{<-r.ended, r.reader.Close()}
	for _, one := range r.rings {
		errs = append(errs, one.Close())
	}
	if err := errors.Join(append(errs, r.w.Close())...); err != nil {
		t.Error(err)
	}
}
