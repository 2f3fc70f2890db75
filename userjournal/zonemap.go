// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"time"

	"vexj/uapi"
)

// A ZoneMap says what may be in a block, without a look into it. The questions
// that begin with May are never answered no where a record would match.
type ZoneMap struct {
	First, Last              uint64 // ordinals
	MinKtime, MaxKtime       uint64
	MinID, MaxID             uint64 // event_id
	MinSequence, MaxSequence uint64 // global_sequence
	MinPID, MaxPID           uint32
	Flags                    uapi.Flags // of all records, joined
	Visibility               uint64     // the same of agent_visibility_mask

	// WallOffset, added to a ktime, gives nanoseconds since 1970. It is the
	// segment's, not the block's.
	WallOffset int64

	types  [8]uint64
	pids   [4]uint64
	filter filter
}

// Records is how many there are in the block.
func (z *ZoneMap) Records() uint64 { return z.Last - z.First + 1 }

// MinTime and MaxTime are the earliest and the latest time in the block.
func (z *ZoneMap) MinTime() time.Time { return time.Unix(0, int64(z.MinKtime)+z.WallOffset) }

// MaxTime: see MinTime.
func (z *ZoneMap) MaxTime() time.Time { return time.Unix(0, int64(z.MaxKtime)+z.WallOffset) }

// typeBit: the operations in use are 0x00 to 0x1f and 0x40 to 0x5f of the
// categories 1 to 8; each of these has a bit of its own.
func typeBit(t uint32) (word int, bit uint64) {
	return int(t>>8-1) & 7, 1 << (t&0x1f | t>>1&0x20)
}

func pidBit(pid uint32) (word int, bit uint64) {
	h := pid * 0x9e3779b1
	return int(h >> 30), 1 << (h >> 24 & 63)
}

// MayHaveType: a record of the type.
func (z *ZoneMap) MayHaveType(t uapi.Type) bool {
	word, bit := typeBit(uint32(t))
	return z.types[word]&bit != 0
}

// MayHavePID: a record of the process.
func (z *ZoneMap) MayHavePID(pid uint32) bool {
	word, bit := pidBit(pid)
	return pid >= z.MinPID && pid <= z.MaxPID && z.pids[word]&bit != 0
}

const cutPaths = uapi.FlagPathTruncated | uapi.FlagPath2Truncated

// MayHavePath: a record whose path or path2 is, or is below, the absolute path,
// which has no slash at its end.
func (z *ZoneMap) MayHavePath(path []byte) bool {
	// Where the root side of a path was cut off nobody knows what was there.
	return len(path) <= 1 || z.Flags&cutPaths != 0 || z.filter.has(pathKey(path))
}

// MayHaveInode: a record whose file or file2 has the inode number, on whichever
// device.
func (z *ZoneMap) MayHaveInode(inode uint64) bool {
	return z.filter.has(numberKey(domainInode, inode))
}

// MayHaveAgent: a record with the agent id.
func (z *ZoneMap) MayHaveAgent(id []byte) bool {
	return z.filter.has(bytesKey(domainAgent, id))
}

// MayHaveSession: a record with the session.
func (z *ZoneMap) MayHaveSession(session uint64) bool {
	return z.filter.has(numberKey(domainSession, session))
}
