// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Parents is struct vexj_attr_parent: the directories of path and
// path2.
type Parents struct {
	Inode  uint64
	Inode2 uint64
}

const parentsSize = 16

func (p *Parents) get(b []byte) {
	_ = b[parentsSize-1]
	p.Inode = binary.LittleEndian.Uint64(b[0:])
	p.Inode2 = binary.LittleEndian.Uint64(b[8:])
}

func (p *Parents) put(b []byte) {
	_ = b[parentsSize-1]
	binary.LittleEndian.PutUint64(b[0:], p.Inode)
	binary.LittleEndian.PutUint64(b[8:], p.Inode2)
}

// Parents returns the inodes of the directories of path and path2.
func (r Record) Parents() (p Parents, ok bool) {
	b := r.fixed(AttrParent, parentsSize)
	if b == nil {
		return p, false
	}
	p.get(b)
	return p, true
}

// AddParents appends the inodes of the directories of path and path2.
func (b *Builder) AddParents(p Parents) {
	if dst := b.add(AttrParent, parentsSize); dst != nil {
		p.put(dst)
	}
}
