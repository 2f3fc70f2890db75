// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"strings"
)

// A Scope is a set of things that a peer may do.
type Scope uint8

const (
	// ScopeRead: see records, by whichever door, as far as the mask goes.
	ScopeRead Scope = 1 << iota
	// ScopeEmit: add records of agents.
	ScopeEmit
	// ScopeContext: declare agent, session and intent of processes.
	ScopeContext
	// ScopeAdmin: see the whole of the recorder: all streams, all limits.
	ScopeAdmin

	// ScopeNone is for a route that is open to all who may connect.
	ScopeNone Scope = 0
	// ScopeAll is all of them.
	ScopeAll = ScopeRead | ScopeEmit | ScopeContext | ScopeAdmin
)

var scopeNames = [...]string{"read", "emit", "context", "admin"}

// String is what ParseScope takes.
func (s Scope) String() string {
	switch s {
	case ScopeNone:
		return "none"
	case ScopeAll:
		return "all"
	}
	var words []string
	for i, name := range scopeNames {
		if s&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	return strings.Join(words, ",")
}

// MarshalText makes a Scope its words in JSON.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseScope reads words with commas between them.
func ParseScope(text string) (s Scope, err error) {
	switch text {
	case "none":
		return ScopeNone, nil
	case "all":
		return ScopeAll, nil
	}
words:
	for _, word := range strings.Split(text, ",") {
		for i, name := range scopeNames {
			if word == name {
				s |= 1 << i
				continue words
			}
		}
		return 0, fmt.Errorf("no such scope: %q; scopes are %s, or all or none", word, strings.Join(scopeNames[:], ", "))
	}
	return s, nil
}
