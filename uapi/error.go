// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed is what every refusal of a record wraps.
	ErrMalformed = errors.New("malformed record")

	// ErrTruncated is wrapped too where the bytes end before the record does:
	// with more of them it might be sound.
	ErrTruncated = errors.New("record is cut short")

	// ErrVersion is wrapped too where the event_version is unknown: a newer
	// vexj made the record, or it is no record.
	ErrVersion = errors.New("unknown record version")
)

// FormatError says which promise of vexj.h a record breaks, and where.
type FormatError struct {
	Offset int    // from the start of the record, or of the context for CheckAttrs
	Field  string // of vexj.h, or an attribute's tag
	Reason string // in words, with the value found and what was expected
	Kind   error  // nil, ErrTruncated or ErrVersion
}

// Error implements error.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%v: %s at offset %d: %s", ErrMalformed, e.Field, e.Offset, e.Reason)
}

// Unwrap makes errors.Is work for ErrMalformed and for Kind.
func (e *FormatError) Unwrap() []error {
	if e.Kind == nil {
		return []error{ErrMalformed}
	}
	return []error{ErrMalformed, e.Kind}
}

func malformed(off int, field, format string, a ...any) *FormatError {
	return &FormatError{Offset: off, Field: field, Reason: fmt.Sprintf(format, a...)}
}
