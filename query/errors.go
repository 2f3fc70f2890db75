// SPDX-License-Identifier: Apache-2.0

package query

import "errors"

// What can be wrong with a question.
var (
	// ErrType: a word is no type, category or group of types.
	ErrType = errors.New("no such type, category or group")
	// ErrPattern: a path or command pattern cannot be read.
	ErrPattern = errors.New("bad pattern")
	// ErrCondition: a condition that nothing can meet.
	ErrCondition = errors.New("nothing can match")
	// ErrView: a view is about something that no record has.
	ErrView = errors.New("bad view")
)

var errPart = errors.New("part of it cannot be read")
