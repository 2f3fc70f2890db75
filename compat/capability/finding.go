// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// A Status is the answer to a question.
type Status string

const (
	Yes     Status = "yes"
	No      Status = "no"
	Unknown Status = "unknown" // it could not be asked
)

// A Finding is what one question found out.
type Finding struct {
	Feature string `json:"feature"`
	Status  Status `json:"status"`
	Why     string `json:"why,omitempty"`  // it is not yes, or what is to be known besides
	Sees    string `json:"sees,omitempty"` // what a recorder sees with it
	Do      string `json:"do,omitempty"`   // what the owner of the machine can do about it

	// Fleeting: the answer can change while the kernel runs.
	Fleeting bool `json:"fleeting,omitempty"`
}

// Conclusive reports whether asking again cannot help before the next boot.
func (f Finding) Conclusive() bool { return f.Status != Unknown && !f.Fleeting }

// Judge makes a finding of what trying a feature returned. An error that is one
// of unsupported is a no; for want of permission, or of anything else, nothing
// is known.
func Judge(feature string, err error, unsupported ...error) Finding {
	f := Finding{Feature: feature, Status: Yes}
	if err == nil {
		return f
	}
	f.Status, f.Why = Unknown, firstLine(err)
	for _, u := range unsupported {
		if errors.Is(err, u) {
			f.Status = No
			return f
		}
	}
	if errors.Is(err, os.ErrPermission) {
		f.Do = "ask again as root"
	}
	return f
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// A setting is the text of a file below /proc or /sys; "" if it cannot be read.
func setting(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func release() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return unix.ByteSliceToString(u.Release[:]), nil
}
