// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// An order is that of records and changes of the names of objects: whoever takes a
// name from an object or gives it one holds its lock from before the change until the
// record of it is numbered, and whoever records how an object is, from when it was
// looked at last. So the journal, read from its beginning, never has an object with
// names that it has not yet, or not any more. Objects share locks, which are taken
// before FS.tree.
//
// The kernel lets nobody else change an object while its names change, but many look
// at it: close, open, read.
type order [64]struct {
	sync.RWMutex
	changed atomic.Int64 // when names did last, by the producer's clock

	_ [32]byte // a cache line for each
}

func (or *order) at(n *node) int { return int(n.serial % uint64(len(or))) }

// rename locks the objects whose names o is about to change, nil for none. What it
// returns unlocks them.
func (o *operation) rename(a, b *node) (done func()) {
	if a == nil {
		a = b
	}
	if a == nil {
		return func() {}
	}
	if b == nil {
		b = a
	}
	or := &o.fs.order
	i, j := or.at(a), or.at(b)
	or[min(i, j)].Lock()
	if i != j {
		or[max(i, j)].Lock()
	}
	o.named = true
	return func() {
		now := o.fs.producer.clock.now()
		or[i].changed.Store(now)
		or[j].changed.Store(now)
		or[i].Unlock()
		if i != j {
			or[j].Unlock()
		}
	}
}

// subject is the object that a fact is of, if the kernel asked by it and not by a name.
func (x *fact) subject() *node {
	if x.at.handle != nil {
		return x.at.handle.node
	}
	return x.at.node
}

// still looks again how many names a fact's object has, if they may have changed since
// the operation began. The object is locked.
func (o *operation) still(x *fact) {
	n := x.subject()
	if x.file == nil || n == nil || o.fs.order[o.fs.order.at(n)].changed.Load() < o.start {
		return
	}
	var st unix.Statx_t
	if h := x.at.handle; h != nil {
		if stat(h.fd, "", &st) == nil {
			x.file.Nlink = st.Nlink
		}
		return
	}
	fd, err := o.fs.table.hold(n)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if stat(fd, "", &st) == nil {
		x.file.Nlink = st.Nlink
	}
}
