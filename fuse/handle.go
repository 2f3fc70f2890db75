// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// A handle is an open file or directory. What the kernel calls fh is its key in
// handles.
type handle struct {
	id    uint64
	fd    int
	flags int // O_*, as opened here
	node  *node
	name  link // that it was opened under
	mode  DataMode

	// users hold fd besides the kernel; closing says that the kernel does not any
	// more. Both under the table's lock.
	users   int
	closing bool

	opened glimpse // of a file whose data passes by: how it was found
	dir    *dirStream
}

// openFile is what the handles of one file share, under the table's lock.
type openFile struct {
	handles []*handle
	backing int32 // the kernel's id of the file that data goes to; 0: none
	locks   *lockOwners
}

// handles gives fh numbers out. The kernel gives back only what it was given, but
// nothing here trusts that it does.
type handles struct {
	mu   sync.RWMutex
	all  []*handle
	free []uint64
}

func (s *handles) add(h *handle) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 {
		h.id, s.free = s.free[last], s.free[:last]
		s.all[h.id] = h
		return h.id
	}
	h.id = uint64(len(s.all))
	s.all = append(s.all, h)
	return h.id
}

func (s *handles) get(id uint64) *handle {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if id >= uint64(len(s.all)) {
		return nil
	}
	return s.all[id]
}

func (s *handles) remove(id uint64) *handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id >= uint64(len(s.all)) || s.all[id] == nil {
		return nil
	}
	h := s.all[id]
	s.all[id] = nil
	s.free = append(s.free, id)
	return h
}

// opened makes h one of its node's.
func (t *table) opened(h *handle) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h.node.pins++
	if h.node.isDir() {
		return
	}
	if h.node.open == nil {
		h.node.open = &openFile{}
	}
	h.node.open.handles = append(h.node.open.handles, h)
}

// closed takes h from its node. last says that it was the last one, whose shared
// state is then returned to be undone.
func (t *table) closed(h *handle) (last *openFile) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := h.node.open; o != nil {
		o.handles = slices.DeleteFunc(o.handles, func(x *handle) bool { return x == h })
		if len(o.handles) == 0 {
			h.node.open, last = nil, o
		}
	}
	h.closing = true
	if h.users == 0 {
		unix.Close(h.fd)
	}
	t.unpin(h.node)
	return last
}

func (t *table) leave(h *handle) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h.users--; h.users == 0 && h.closing {
		unix.Close(h.fd)
	}
}
