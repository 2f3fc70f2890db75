// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Lock is struct vexj_attr_lock: a lock asked for or given up.
type Lock struct {
	Command  uint32
	Blocking uint32
}

const lockSize = 8

func (l *Lock) get(b []byte) {
	_ = b[lockSize-1]
	l.Command = binary.LittleEndian.Uint32(b[0:])
	l.Blocking = binary.LittleEndian.Uint32(b[4:])
}

func (l *Lock) put(b []byte) {
	_ = b[lockSize-1]
	binary.LittleEndian.PutUint32(b[0:], l.Command)
	binary.LittleEndian.PutUint32(b[4:], l.Blocking)
}

// Lock returns the lock asked for or given up.
func (r Record) Lock() (l Lock, ok bool) {
	b := r.fixed(AttrLock, lockSize)
	if b == nil {
		return l, false
	}
	l.get(b)
	return l, true
}

// AddLock appends the lock asked for or given up.
func (b *Builder) AddLock(l Lock) {
	if dst := b.add(AttrLock, lockSize); dst != nil {
		l.put(dst)
	}
}

// Values of [Lock].Command.
const (
	lockUnlock = iota
	lockShared
	lockExclusive
)

// CommandName returns "unlock", "shared", "exclusive", or "" for another value.
func (l *Lock) CommandName() string {
	switch l.Command {
	case lockUnlock:
		return "unlock"
	case lockShared:
		return "shared"
	case lockExclusive:
		return "exclusive"
	}
	return ""
}
