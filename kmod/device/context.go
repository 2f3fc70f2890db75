// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func encodeContext(c *uapi.Context) (devContext, error) {
	v := devContext{
		Session: c.Session, Parent: c.Parent, Root: c.Root, Visibility: c.Visibility, AgentIDLen: uint32(len(c.Agent)),
	}
	if err := c.Check(); err != nil {
		return v, err
	}
	if c.PID != 0 {
		v.Kind, v.ID = contextTree, uint64(c.PID)
	} else {
		v.Kind, v.ID = contextCgroup, c.Cgroup
	}
	copy(v.AgentID[:], c.Agent)
	return v, nil
}

// SetContext sets or replaces the attribution of a process tree or control
// group. It stays until it is cleared, or the last process of the tree ended.
func (d *Device) SetContext(c uapi.Context) error {
	v, err := encodeContext(&c)
	if err != nil {
		return err
	}
	_, err = d.ioctl(iocContextSet, unsafe.Pointer(&v))
	return explainContext("setting a context", err)
}

// ClearContext ends the attribution of a process tree or control group: PID or
// Cgroup of c says of which.
func (d *Device) ClearContext(c uapi.Context) error {
	v, err := encodeContext(&uapi.Context{PID: c.PID, Cgroup: c.Cgroup})
	if err != nil {
		return err
	}
	_, err = d.ioctl(iocContextClear, unsafe.Pointer(&v))
	return explainContext("clearing a context", err)
}

func explainContext(what string, err error) error {
	switch err {
	case unix.EINVAL:
		return fmt.Errorf("%w: the module refuses it", uapi.ErrContext)
	case unix.ESRCH:
		return fmt.Errorf("%w: there is no such process", uapi.ErrContext)
	case unix.ENOENT:
		return fmt.Errorf("%w: none is set there; `vexjctl context list` lists those that are", uapi.ErrContext)
	case unix.ENOSPC:
		return fmt.Errorf("%w: too many are set; clear one first", uapi.ErrContext)
	}
	return explain(what, err)
}

// Contexts returns those that are set.
func (d *Device) Contexts() ([]uapi.Context, error) {
	var all []uapi.Context
	for i := uint32(0); ; i++ {
		v := devContext{Index: i}
		_, err := d.ioctl(iocContextGet, unsafe.Pointer(&v))
		if err == unix.ENOENT {
			return all, nil
		}
		if err != nil {
			return nil, explain("asking for contexts", err)
		}
		all = append(all, decodeContext(&v))
	}
}

func decodeContext(v *devContext) uapi.Context {
	c := uapi.Context{
		Agent:   string(v.AgentID[:min(v.AgentIDLen, agentIDSize)]),
		Session: v.Session, Parent: v.Parent, Root: v.Root, Visibility: v.Visibility, Processes: int(v.Processes),
	}
	if v.Kind == contextTree {
		c.PID = uint32(v.ID)
	} else {
		c.Cgroup = v.ID
	}
	return c
}

// ContextOf returns what the records of a process carry now; false: nothing.
func (d *Device) ContextOf(pid uint32) (uapi.Context, bool, error) {
	v := devContext{Kind: contextTree, ID: uint64(pid)}
	_, err := d.ioctl(iocContextOf, unsafe.Pointer(&v))
	switch err {
	case nil:
		return decodeContext(&v), true, nil
	case unix.ENOENT:
		return uapi.Context{}, false, nil
	}
	return uapi.Context{}, false, explainContext("asking for a context", err)
}
