// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// A DataMode says which way a file's data takes.
type DataMode int

const (
	// DataAll is through this process: each read and write is a record.
	DataAll DataMode = iota
	// DataClose is past it, by the kernel, where the kernel can. What an open file
	// was written to is told when it is closed.
	DataClose
	// DataNone is as DataClose, and nothing is told.
	DataNone
)

var modeNames = []string{DataAll: "all", DataClose: "close", DataNone: "none"}

func (m DataMode) String() string { return modeNames[m] }

// ErrDataMode: the word is no data mode, or a rule has none.
var ErrDataMode = errors.New("a data mode is all, close or none, for some files PATTERN=MODE")

// A DataRule has a mode for the files whose path below the mount matches.
type DataRule struct {
	Pattern string // of package path: one without a slash is for a name in any folder
	Mode    DataMode
}

// ParseData reads MODE, or PATTERN=MODE. The pattern is empty for a MODE alone.
func ParseData(s string) (DataRule, error) {
	r := DataRule{}
	word := s
	if i := strings.LastIndexByte(s, '='); i >= 0 {
		r.Pattern, word = s[:i], s[i+1:]
		if _, err := path.Match(r.Pattern, ""); err != nil || r.Pattern == "" {
			return r, fmt.Errorf("%w: %q", ErrDataMode, s)
		}
	}
	for m, name := range modeNames {
		if name == word {
			r.Mode = DataMode(m)
			return r, nil
		}
	}
	return r, fmt.Errorf("%w: %q", ErrDataMode, s)
}

// modes is the rules of a mount: the last one that matches counts.
type modes struct {
	rules       []DataRule
	passthrough bool // the kernel can
}

// of returns the mode of a file, by its path below the mount, with a slash first.
func (m *modes) of(file []byte) DataMode {
	for i := len(m.rules) - 1; i >= 0; i-- {
		r := &m.rules[i]
		if r.Pattern == "" || matches(r.Pattern, string(file)) {
			return r.Mode
		}
	}
	return DataAll
}

func matches(pattern, file string) bool {
	name := strings.TrimPrefix(file, "/")
	if !strings.Contains(pattern, "/") {
		name = path.Base(name)
	}
	ok, _ := path.Match(strings.TrimPrefix(pattern, "/"), name)
	return ok
}
