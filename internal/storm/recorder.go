// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"errors"
	"hash"

	"vexj/internal/recorder"
	"vexj/uapi"
)

// A Producer records what happens.
type Producer interface {
	recorder.Producer
	Close() error
}

// Open makes a producer at work. ringBytes is of each CPU's ring; 0 is the
// default.
type Open func(ringBytes int, filter uapi.Filter) (Producer, error)

var stormTypes = []uapi.Type{uapi.FSWrite, uapi.FSRead, uapi.FSRename, uapi.FSChmod, uapi.FSTruncate}

// record captures what the processes do from its return on, until stop: all that
// happened before that is in the journal then.
func record(open Open, dir string, ringBytes int, digest hash.Hash, filter uapi.Filter) (stop func() error, err error) {
	filter.Types, filter.FailedToo = stormTypes, true
	p, err := open(ringBytes, filter)
	if err != nil {
		return nil, err
	}
	r, err := recorder.Start(p, dir, digest)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return func() error { return errors.Join(r.Stop(), p.Close()) }, nil
}
