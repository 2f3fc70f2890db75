// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"errors"
	"fmt"
	"strings"
)

// MaxAgentID is how many bytes an agent's name has at most.
const MaxAgentID = 64

// ErrContext: an attribution cannot be set as it is.
var ErrContext = errors.New("context cannot be set")

// A Context is what the records of a process and its descendants, or of a
// control group and those below it, carry as their attribution. One of PID and
// Cgroup is set. A tree's context comes before a control group's, a nearer one
// before a farther one.
type Context struct {
	PID    uint32 `json:"pid,omitempty"`
	Cgroup uint64 `json:"cgroup,omitempty"` // id, of the v2 hierarchy

	Agent      string `json:"agent,omitempty"`      // up to MaxAgentID bytes, no NUL; "": none
	Session    uint64 `json:"session,omitempty"`    // 0: none
	Parent     uint64 `json:"parent,omitempty"`     // event id of the intent; 0: none
	Root       uint64 `json:"root,omitempty"`       // event id that the intent goes back to; 0: Parent
	Visibility uint64 `json:"visibility,omitempty"` // which agents may see the records; 0: all

	Processes int `json:"processes,omitempty"` // answer: in the tree now
}

// Check tells what no producer would take.
func (c *Context) Check() error {
	switch {
	case (c.PID == 0) == (c.Cgroup == 0):
		return fmt.Errorf("%w: it is of a process or of a control group, one of them", ErrContext)
	case len(c.Agent) > MaxAgentID:
		return fmt.Errorf("%w: the agent's name has %d bytes, at most %d fit", ErrContext, len(c.Agent), MaxAgentID)
	case strings.ContainsRune(c.Agent, 0):
		return fmt.Errorf("%w: the agent's name has a NUL in it", ErrContext)
	case c.Root != 0 && c.Parent == 0:
		return fmt.Errorf("%w: it has a root cause and no parent", ErrContext)
	}
	return nil
}

// Settle gives the members that are 0 the values that they stand for.
func (c *Context) Settle() {
	if c.Root == 0 {
		c.Root = c.Parent
	}
	if c.Visibility == 0 {
		c.Visibility = ^uint64(0)
	}
}
