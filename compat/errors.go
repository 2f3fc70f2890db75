// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"

	"vexj/uapi"
)

// A Code is an error number of the legacy journal. It is an error itself, so
// that errors.Is(err, compat.CodeIndex) works.
type Code int32

const (
	CodeInvalidEvent Code = -4001
	CodeStorageFull  Code = -4002
	CodeCompression  Code = -4003
	CodeIndex        Code = -4004
	CodeCausality    Code = -4005
	CodeAgent        Code = -4006
	CodeReplay       Code = -4007
	CodeConsistency  Code = -4008
	CodePermission   Code = -4009
	CodeTimeout      Code = -4010
)

var codeNames = map[Code]string{
	CodeInvalidEvent: "invalid event",
	CodeStorageFull:  "storage full",
	CodeCompression:  "compression error",
	CodeIndex:        "index corrupt",
	CodeCausality:    "causality error",
	CodeAgent:        "agent not found",
	CodeReplay:       "replay failed",
	CodeConsistency:  "consistency error",
	CodePermission:   "permission denied",
	CodeTimeout:      "timeout",
}

// String returns what the legacy journal calls the number, or the number.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return strconv.Itoa(int(c))
}

// Error implements error.
func (c Code) Error() string { return fmt.Sprintf("%v (%d)", c.String(), int32(c)) }

// CodeOf returns the legacy number for err: that which it wraps, or the one
// that says most about an error of the system; 0 if none fits.
func CodeOf(err error) Code {
	var code Code
	switch {
	case err == nil:
	case errors.As(err, &code):
	case errors.Is(err, fs.ErrPermission):
		code = CodePermission
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		code = CodeStorageFull
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		code = CodeTimeout
	}
	return code
}

var (
	// ErrFormat: the file is none of the legacy formats.
	ErrFormat = errors.New("no legacy journal: it begins with neither SEMJ nor USJL, version 1")

	// ErrIncomplete: the records do not make up all of the file that they
	// were converted from. Records of it were removed, or its conversion was
	// cut off: convert the original again.
	ErrIncomplete = errors.New("the records do not make up the whole file again")
)

// FormatError says where a legacy file is not what its format says.
type FormatError struct {
	Format uapi.LegacyFormat
	Offset int64  // bytes from the start of the file
	Part   string // header, event, block, index or entry
	Reason string // in words, with the value found and what was expected
	Code   Code
}

// Error implements error.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%v: %s at offset %d: %s: %v", e.Format, e.Part, e.Offset, e.Reason, e.Code)
}

// Unwrap makes errors.Is work for the code.
func (e *FormatError) Unwrap() error { return e.Code }
