// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"context"
	"errors"
	"hash"

	"vexj/mirror"
	"vexj/ring"
	"vexj/uapi"
	"vexj/userjournal"
)

// A Producer records what happens.
type Producer interface {
	mirror.Source
	Rings() []uapi.RingFD
	Close() error
}

// Open makes a producer at work. ringBytes is of each CPU's ring; 0 is the
// default.
type Open func(ringBytes int, filter uapi.Filter) (Producer, error)

// A recorder is the chain from the kernel to the journal.
type recorder struct {
	producer Producer
	rings    []*ring.Ring
	reader   *ring.Reader
	journal  *userjournal.Writer
	cancel   context.CancelFunc
	done     chan error
}

var stormTypes = []uapi.Type{uapi.FSWrite, uapi.FSRead, uapi.FSRename, uapi.FSChmod, uapi.FSTruncate}

// record captures what the processes do from its return on.
func record(open Open, dir string, ringBytes int, digest hash.Hash, filter uapi.Filter) (_ *recorder, err error) {
	r := &recorder{done: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	filter.Types, filter.FailedToo = stormTypes, true
	if r.journal, err = userjournal.Create(dir, userjournal.Options{}); err != nil {
		return nil, err
	}
	if r.producer, err = open(ringBytes, filter); err != nil {
		return nil, err
	}
	for _, fd := range r.producer.Rings() {
		one, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			return nil, err
		}
		r.rings = append(r.rings, one)
	}
	if r.reader, err = ring.NewReader(r.rings); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	m := mirror.New(r.producer, r.reader, r.journal, mirror.Options{Digest: digest})
	go func() { r.done <- m.Run(ctx) }()
	return r, nil
}

// stop ends the capture; all that happened before is in the journal then.
func (r *recorder) stop() error {
	r.cancel()
	return errors.Join(<-r.done, r.close())
}

func (r *recorder) close() error {
	var errs []error
	if r.reader != nil {
		errs = append(errs, r.reader.Close())
	}
	for _, one := range r.rings {
		errs = append(errs, one.Close())
	}
	if r.producer != nil {
		errs = append(errs, r.producer.Close())
	}
	if r.journal != nil {
		errs = append(errs, r.journal.Close())
	}
	return errors.Join(errs...)
}
