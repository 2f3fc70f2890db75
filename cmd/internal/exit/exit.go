// SPDX-License-Identifier: Apache-2.0

package exit

import (
	"errors"
	"fmt"
	"io/fs"
)

// The exit codes of vexjctl and vexjd. Their meaning never changes.
const (
	OK          = 0
	Error       = 1 // something failed; stderr says what
	Usage       = 2 // the command line is wrong
	NoMatch     = 3 // it worked, and there is nothing to show
	Unreachable = 4 // no recorder or daemon answers
	Permission  = 5 // the caller may not do this
	Gap         = 6 // records were lost, and --strict was given
	Verify      = 7 // the journal is damaged, or its accounts do not add up
)

type coded struct {
	code int
	err  error
}

func (c *coded) Error() string {
	if c.err == nil {
		return fmt.Sprintf("exit code %d", c.code)
	}
	return c.err.Error()
}

func (c *coded) Unwrap() error { return c.err }

// With gives err an exit code. A nil err exits with the code and no message.
func With(code int, err error) error { return &coded{code, err} }

// Usagef is an error of the command line.
func Usagef(format string, args ...any) error {
	return With(Usage, fmt.Errorf(format, args...))
}

// Code is the exit code for err.
func Code(err error) int {
	var c *coded
	switch {
	case err == nil:
		return OK
	case errors.As(err, &c):
		return c.code
	case errors.Is(err, fs.ErrPermission):
		return Permission
	}
	return Error
}

// Silent says whether err has nothing to tell besides its code.
func Silent(err error) bool {
	c, ok := err.(*coded)
	return ok && c.err == nil
}
