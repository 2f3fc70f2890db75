// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"math/bits"

	"vexj/uapi"
)

// A Key stands for something that records have in common: a path or a directory
// above one, an inode, an agent, a session, a type, a process. Blocks have a
// filter of some, sealed segments an index of all: see "The filter" and "The
// index" in the package documentation. Two things may have the same key, which
// costs a block that is read in vain.
type Key uint64

// The domains keep an inode from looking like a session.
const (
	domainPath    = 0x9e3779b97f4a7c15
	domainInode   = 0xc2b2ae3d27d4eb4f
	domainAgent   = 0x165667b19e3779f9
	domainSession = 0xd6e8feb86659fd93

	// Of the index alone.
	domainID   = 0x27d4eb2f165667c5
	domainType = 0x85ebca77c2b2ae63
	domainPID  = 0xff51afd7ed558ccd
	domainFlag = 0xc4ceb9fe1a85ec53

	domainParent = 0x94d049bb133111eb
	domainRoot   = 0xbf58476d1ce4e5b9
	domainBegun  = 0xd1b54a32d192ed03
	domainMoved  = 0xaef17502108ef2d9

	foldPrime = 0xa0761d6478bd642f
)

// PathKeys are the keys of which a record has one whose path or path2 is, or is
// below, the absolute path, which has no slash at its end. nil: any may.
func PathKeys(path []byte) []Key {
	if len(path) <= 1 {
		return nil
	}
	return []Key{pathKey(path)}
}

// FlagKey is of a record with the flag, which is one.
func FlagKey(flag uapi.Flags) Key { return numberKey(domainFlag, uint64(flag)) }

// InodeKey is of a record whose file or file2 has the inode number.
func InodeKey(inode uint64) Key { return numberKey(domainInode, inode) }

// AgentKey is of a record with the agent id.
func AgentKey(id []byte) Key { return bytesKey(domainAgent, id) }

// SessionKey is of a record with the session.
func SessionKey(session uint64) Key { return numberKey(domainSession, session) }

// TypeKey is of a record of the type.
func TypeKey(t uapi.Type) Key {
	word, bit := typeBit(uint32(t))
	return bitKey(domainType, word, bit)
}

// PIDKey is of a record of the process.
func PIDKey(pid uint32) Key {
	word, bit := pidBit(pid)
	return bitKey(domainPID, word, bit)
}

// ParentKey is of a record whose parent_event_id is the event. Like the keys
// below, only indexes have it.
func ParentKey(event uint64) Key { return numberKey(domainParent, event) }

// RootKey is of a record whose root_cause_event_id is the event, but for the
// event itself.
func RootKey(event uint64) Key { return numberKey(domainRoot, event) }

// BegunKey is of the fork that made the process, and of its execs.
func BegunKey(pid uint32) Key { return numberKey(domainBegun, uint64(pid)) }

// MovedKey is of the rename of a directory, or of what may be one, to the path or
// away from it.
func MovedKey(path []byte) Key { return bytesKey(domainMoved, path) }

// idKey is of records whose event ids agree but for the lowest bits: those that
// are made one after the other are found under one key.
func idKey(id uint64) Key { return numberKey(domainID, id>>idKeyBits) }

const idKeyBits = 10

func bitKey(domain uint64, word int, bit uint64) Key {
	return numberKey(domain, uint64(word*64+bits.TrailingZeros64(bit)))
}

func fold(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v, foldPrime)
	return hi ^ lo
}

func foldBytes(h uint64, b []byte) uint64 {
	n := len(b)
	for len(b) >= 8 {
		h = fold(h, le.Uint64(b))
		b = b[8:]
	}
	var last uint64
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	return fold(h, last^uint64(n)<<56)
}

func numberKey(domain, v uint64) Key { return Key(fold(domain, v)) }

func bytesKey(domain uint64, b []byte) Key { return Key(foldBytes(domain, b)) }

// pathKey is the key of a path or directory as a whole. It goes from component
// to component as summary.addPath does, for the two must agree.
func pathKey(path []byte) Key {
	h := uint64(domainPath)
	for len(path) > 0 {
		n := componentEnd(path)
		h = foldBytes(h, path[:n])
		path = path[n:]
	}
	return Key(h)
}

// componentEnd is where the component that path begins with ends: before the
// next slash that is not the first byte.
func componentEnd(path []byte) int {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			return i
		}
	}
	return len(path)
}
