// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"vexj/uapi"
)

var (
	// ErrAgent: that cannot be an agent's name.
	ErrAgent = errors.New("not an agent's name")
	// ErrSession: that cannot be a session's.
	ErrSession = errors.New("not a session's name")
)

// MaxText is how many bytes the text of a session has at most.
const MaxText = 255

const hashed = 1 << 63

// ID is the number that records bear of a session: see the package documentation.
func ID(text string) uint64 {
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && n != 0 && strconv.FormatUint(n, 10) == text {
		return n
	}
	h := sha256.Sum256([]byte("vexj session\x00" + text))
	return binary.BigEndian.Uint64(h[:]) | hashed
}

// Identity is who acts.
type Identity struct {
	Agent   string `json:"agent,omitempty"`   // up to uapi.MaxAgentID bytes
	Session string `json:"session,omitempty"` // text, up to MaxText bytes
}

// ID is the session's number, 0 if there is none.
func (i Identity) ID() uint64 { return ID(i.Session) }

// Check refuses what no record has room for, and what a terminal or a log could
// not show as one word: names are UTF-8 without control characters.
func (i Identity) Check() error {
	switch {
	case len(i.Agent) > uapi.MaxAgentID:
		return fmt.Errorf("%w: %q has %d bytes, at most %d fit", ErrAgent, i.Agent, len(i.Agent), uapi.MaxAgentID)
	case !plain(i.Agent):
		return fmt.Errorf("%w: %q is not UTF-8 or has control characters", ErrAgent, i.Agent)
	case len(i.Session) > MaxText:
		return fmt.Errorf("%w: it has %d bytes, at most %d fit", ErrSession, len(i.Session), MaxText)
	case !plain(i.Session):
		return fmt.Errorf("%w: %q is not UTF-8 or has control characters", ErrSession, i.Session)
	case i.Session == "0":
		return fmt.Errorf("%w: 0 stands for none", ErrSession)
	}
	return nil
}

func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
