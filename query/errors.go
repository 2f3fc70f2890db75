// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"fmt"

	"vexj/userjournal"
)

// What can be wrong with a question.
var (
	// ErrType: a word is no type, category or group of types.
	ErrType = errors.New("no such type, category or group")
	// ErrPattern: a path or command pattern cannot be read.
	ErrPattern = errors.New("bad pattern")
	// ErrCondition: a condition that nothing can meet.
	ErrCondition = errors.New("nothing can match")
	// ErrNotFound: there is no such record in the view. It is also
	// userjournal.ErrNotFound.
	ErrNotFound = fmt.Errorf("it is not in the journal: %w", userjournal.ErrNotFound)
	// ErrView: a view is about something that no record has.
	ErrView = errors.New("bad view")
)

var errPart = errors.New("part of it cannot be read")
