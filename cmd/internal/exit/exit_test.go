// SPDX-License-Identifier: Apache-2.0

package exit

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestCode(t *testing.T) {
	for _, c := range []struct {
		err    error
		want   int
		silent bool
	}{
		{nil, OK, false},
		{errors.New("x"), Error, false},
		{Usagef("x %d", 1), Usage, false},
		{fmt.Errorf("open: %w", syscall.EACCES), Permission, false},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EPERM}, Permission, false},
		{fmt.Errorf("verify: %w", With(Verify, errors.New("damaged"))), Verify, false},
		{With(Gap, syscall.EACCES), Gap, false},
		{With(42, nil), 42, true},
		{errors.Join(With(42, nil), errors.New("x")), 42, false},
	} {
		if got := Code(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
		if got := Silent(c.err); got != c.silent {
			t.Errorf("%v: silent is %v", c.err, got)
		}
	}
}
