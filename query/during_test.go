// SPDX-License-Identifier: Apache-2.0

package query

import (
	"context"
	"errors"
	"testing"

	"vexj/uapi"
	"vexj/userjournal"
)

// A patient context ends when it has been asked so often.
type patient struct {
	context.Context
	left int
}

func (p *patient) Err() error {
	if p.left--; p.left < 0 {
		return context.Canceled
	}
	return nil
}

// endless is a journal that never ends.
type endless struct{ Source }

func (endless) Scan(_ userjournal.ScanOptions, fn func(uint64, uapi.Record) error) error {
	for n := uint64(1); ; n++ {
		if err := fn(n, nil); err != nil {
			return err
		}
	}
}

func TestDuring(t *testing.T) {
	seen := uint64(0)
	err := During(&patient{t.Context(), 100}, endless{}).Scan(userjournal.ScanOptions{}, func(n uint64, _ uapi.Record) error {
		seen = n
		return nil
	})
	if !errors.Is(err, context.Canceled) || seen != 100 {
		t.Errorf("after %d records: %v", seen, err)
	}
}
