// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Context is what the records of a process and its descendants, or of a
// control group and those below it, carry as their attribution. One of PID and
// Cgroup is set.
type Context struct {
	PID    uint32
	Cgroup uint64 // id, of the v2 hierarchy

	Agent      string // up to 64 bytes, no NUL; "": none
	Session    uint64 // 0: none
	Parent     uint64 // event id of the intent; 0: none
	Root       uint64 // event id that the intent goes back to; 0: Parent
	Visibility uint64 // which agents may see the records; 0: all

	Processes int // answer: in the tree now
}

func (c *Context) encode() (devContext, error) {
	v := devContext{
		Session: c.Session, Parent: c.Parent, Root: c.Root, Visibility: c.Visibility, AgentIDLen: uint32(len(c.Agent)),
	}
	switch {
	case (c.PID == 0) == (c.Cgroup == 0):
		return v, fmt.Errorf("%w: it is of a process or of a control group, one of them", ErrContext)
	case len(c.Agent) > agentIDSize:
		return v, fmt.Errorf("%w: the agent's name has %d bytes, at most %d fit", ErrContext, len(c.Agent), agentIDSize)
	case c.PID != 0:
		v.Kind, v.ID = contextTree, uint64(c.PID)
	default:
		v.Kind, v.ID = contextCgroup, c.Cgroup
	}
	copy(v.AgentID[:], c.Agent)
	return v, nil
}

// SetContext sets or replaces the attribution of a process tree or control
// group. It stays until it is cleared, or the last process of the tree ended.
func (d *Device) SetContext(c Context) error {
	v, err := c.encode()
	if err != nil {
		return err
	}
	_, err = d.ioctl(iocContextSet, unsafe.Pointer(&v))
	return explainContext("setting a context", err)
}

// ClearContext ends the attribution of a process tree or control group: PID or
// Cgroup of c says of which.
func (d *Device) ClearContext(c Context) error {
	v, err := (&Context{PID: c.PID, Cgroup: c.Cgroup}).encode()
	if err != nil {
		return err
	}
	_, err = d.ioctl(iocContextClear, unsafe.Pointer(&v))
	return explainContext("clearing a context", err)
}

func explainContext(what string, err error) error {
	switch err {
	case unix.EINVAL:
		return fmt.Errorf("%w: the module refuses it", ErrContext)
	case unix.ESRCH:
		return fmt.Errorf("%w: there is no such process", ErrContext)
	case unix.ENOENT:
		return fmt.Errorf("%w: none is set there; `vexjctl kernel context show` lists those that are", ErrContext)
	case unix.ENOSPC:
		return fmt.Errorf("%w: too many are set; clear one first", ErrContext)
	}
	return explain(what, err)
}

// Contexts returns those that are set.
func (d *Device) Contexts() ([]Context, error) {
	var all []Context
	for i := uint32(0); ; i++ {
		v := devContext{Index: i}
		_, err := d.ioctl(iocContextGet, unsafe.Pointer(&v))
		if err == unix.ENOENT {
			return all, nil
		}
		if err != nil {
			return nil, explain("asking for contexts", err)
		}
		c := Context{
			Agent:   string(v.AgentID[:min(v.AgentIDLen, agentIDSize)]),
			Session: v.Session, Parent: v.Parent, Root: v.Root, Visibility: v.Visibility, Processes: int(v.Processes),
		}
		if v.Kind == contextTree {
			c.PID = uint32(v.ID)
		} else {
			c.Cgroup = v.ID
		}
		all = append(all, c)
	}
}
