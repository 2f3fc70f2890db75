// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Task is struct vexj_attr_task: the acting thread, with
// ids as the initial namespaces know them.
type Task struct {
	TID       uint32
	PPID      uint32
	UID       uint32
	GID       uint32
	StartTime uint64
	CgroupID  uint64
	MntNS     uint32
	PidNS     uint32
	Comm      [16]byte
}

const taskSize = 56

func (t *Task) get(b []byte) {
	_ = b[taskSize-1]
	t.TID = binary.LittleEndian.Uint32(b[0:])
	t.PPID = binary.LittleEndian.Uint32(b[4:])
	t.UID = binary.LittleEndian.Uint32(b[8:])
	t.GID = binary.LittleEndian.Uint32(b[12:])
	t.StartTime = binary.LittleEndian.Uint64(b[16:])
	t.CgroupID = binary.LittleEndian.Uint64(b[24:])
	t.MntNS = binary.LittleEndian.Uint32(b[32:])
	t.PidNS = binary.LittleEndian.Uint32(b[36:])
	copy(t.Comm[:], b[40:])
}

func (t *Task) put(b []byte) {
	_ = b[taskSize-1]
	binary.LittleEndian.PutUint32(b[0:], t.TID)
	binary.LittleEndian.PutUint32(b[4:], t.PPID)
	binary.LittleEndian.PutUint32(b[8:], t.UID)
	binary.LittleEndian.PutUint32(b[12:], t.GID)
	binary.LittleEndian.PutUint64(b[16:], t.StartTime)
	binary.LittleEndian.PutUint64(b[24:], t.CgroupID)
	binary.LittleEndian.PutUint32(b[32:], t.MntNS)
	binary.LittleEndian.PutUint32(b[36:], t.PidNS)
	copy(b[40:], t.Comm[:])
}

// Task returns the acting thread.
func (r Record) Task() (t Task, ok bool) {
	b := r.fixed(AttrTask, taskSize)
	if b == nil {
		return t, false
	}
	t.get(b)
	return t, true
}

// AddTask appends the acting thread.
func (b *Builder) AddTask(t Task) {
	if dst := b.add(AttrTask, taskSize); dst != nil {
		t.put(dst)
	}
}

// Command returns Comm without its padding.
func (t *Task) Command() []byte { return trimNUL(t.Comm[:]) }

// Comm returns the acting thread's name without its padding, in place.
func (r Record) Comm() []byte {
	b := r.fixed(AttrTask, taskSize)
	if b == nil {
		return nil
	}
	return trimNUL(b[taskSize-16:])
}

func trimNUL(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i:i]
		}
	}
	return b
}
