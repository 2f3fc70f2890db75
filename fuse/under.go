// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// touch says that an operation here is about to change a node.
func (t *table) touch(n *node) {
	t.mu.Lock()
	n.changing++
	n.seen = glimpse{}
	t.mu.Unlock()
}

// touched says that it has, and what the node looks like now; nil: it is not known.
func (t *table) touched(n *node, st *unix.Statx_t) {
	t.mu.Lock()
	if n.changing--; n.changing == 0 && st != nil && n.open == nil {
		n.seen = glimpseOf(st)
	}
	t.mu.Unlock()
}

// leftAs notes what a file looked like when its last handle went. It can have been
// opened again since.
func (t *table) leftAs(n *node, st *unix.Statx_t) {
	t.mu.Lock()
	if n.open == nil && n.changing == 0 {
		n.seen = glimpseOf(st)
	}
	t.mu.Unlock()
}

// changedUnder records that a file was changed since the last operation on it
// here, and not by one: somebody wrote to it under the mount. Who is not known, and
// how is not.
func (fs *FS) changedUnder(o operation, n *node, st *unix.Statx_t) {
	if n.format != unix.S_IFREG {
		return
	}
	t := fs.table
	now := glimpseOf(st)
	t.mu.Lock()
	before := n.seen
	quiet := n.open == nil && n.changing == 0
	if quiet {
		n.seen = now
	}
	t.mu.Unlock()
	if !quiet || before.ctime == 0 || before == now || !o.wants(uapi.FSWrite) {
		return
	}
	x := fact{typ: uapi.FSWrite, at: spot{node: n}, file: st, flags: uapi.FlagCoalesced}
	x.io = uapi.IO{Offset: uapi.NoOffset}
	unknown := *o.in
	unknown.Uid, unknown.Gid = ^uint32(0), ^uint32(0)
	by := operation{fs: o.fs, in: &unknown, start: o.start}
	by.recordAs(nobodyKnown, fs.producer.clock.now(), false, &x)
}
