// SPDX-License-Identifier: Apache-2.0

package errorfs

import (
	"io"
	"sync"

	"golang.org/x/sys/unix"

	"vexj/userjournal"
)

// Op is a kind of call.
type Op int

const (
	MkdirAll Op = iota
	ReadDir
	SyncDir
	Create
	Open
	OpenWrite
	Rename
	Remove
	Lock
	Read
	Write
	Size
	Truncate
	Reserve
	Sync
	ops
)

// A Call is one call of the filesystem.
type Call struct {
	Op     Op
	Name   string
	Nth    int   // of its kind, from 1
	Offset int64 // Read and Write; Reserve: up to where
	Bytes  int   // Read and Write
}

// A Fault is what becomes of a call. The zero value lets it through.
type Fault struct {
	Err error
	// Keep, of a Write, is how many bytes reach the disk all the same.
	Keep int
}

// An Injector decides. It is called by one goroutine at a time.
type Injector func(Call) Fault

// FS is a filesystem that can fail.
type FS struct {
	base userjournal.FS

	mu     sync.Mutex
	inject Injector
	count  [ops]int
}

// New returns base with the faults that inject, which may be nil, decides on.
func New(base userjournal.FS, inject Injector) *FS { return &FS{base: base, inject: inject} }

// Set replaces the injector, and begins to count calls anew.
func (f *FS) Set(inject Injector) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inject, f.count = inject, [ops]int{}
}

// Count is how many calls of the kind there were.
func (f *FS) Count(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[op]
}

func (f *FS) fault(c Call) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count[c.Op]++
	c.Nth = f.count[c.Op]
	if f.inject == nil {
		return Fault{}
	}
	return f.inject(c)
}

// Nth fails the nth call of the kind, once.
func Nth(op Op, n int, err error) Injector {
	return func(c Call) Fault {
		if c.Op == op && c.Nth == n {
			return Fault{Err: err}
		}
		return Fault{}
	}
}

// From fails the nth call of the kind and all after it.
func From(op Op, n int, err error) Injector {
	return func(c Call) Fault {
		if c.Op == op && c.Nth >= n {
			return Fault{Err: err}
		}
		return Fault{}
	}
}

// Short cuts the nth write after keep bytes. err may be nil: then it is a short
// write that says nothing.
func Short(n, keep int, err error) Injector {
	return func(c Call) Fault {
		if c.Op == Write && c.Nth == n {
			return Fault{Err: err, Keep: min(keep, c.Bytes-1)}
		}
		return Fault{}
	}
}

// Full is a disk with room for so many bytes more. What is overwritten takes no
// room; what is cut off gives none back.
func Full(room int64) Injector {
	end := make(map[string]int64)
	return func(c Call) Fault {
		if c.Op != Write {
			return Fault{}
		}
		need := c.Offset + int64(c.Bytes) - max(end[c.Name], c.Offset)
		if need > room {
			keep := max(int64(c.Bytes)-(need-room), 0)
			room = 0
			end[c.Name] = max(end[c.Name], c.Offset+keep)
			return Fault{Err: unix.ENOSPC, Keep: int(keep)}
		}
		room -= max(need, 0)
		end[c.Name] = max(end[c.Name], c.Offset+int64(c.Bytes))
		return Fault{}
	}
}

// Any is the first fault that one of them decides on.
func Any(injectors ...Injector) Injector {
	return func(c Call) Fault {
		for _, inject := range injectors {
			if f := inject(c); f.Err != nil || f.Keep > 0 {
				return f
			}
		}
		return Fault{}
	}
}

var _ userjournal.FS = (*FS)(nil)

func (f *FS) MkdirAll(dir string) error {
	if x := f.fault(Call{Op: MkdirAll, Name: dir}); x.Err != nil {
		return x.Err
	}
	return f.base.MkdirAll(dir)
}

func (f *FS) ReadDir(dir string) ([]string, error) {
	if x := f.fault(Call{Op: ReadDir, Name: dir}); x.Err != nil {
		return nil, x.Err
	}
	return f.base.ReadDir(dir)
}

func (f *FS) SyncDir(dir string) error {
	if x := f.fault(Call{Op: SyncDir, Name: dir}); x.Err != nil {
		return x.Err
	}
	return f.base.SyncDir(dir)
}

func (f *FS) Create(name string) (userjournal.File, error) {
	return f.file(Create, name, f.base.Create)
}
func (f *FS) Open(name string) (userjournal.File, error) { return f.file(Open, name, f.base.Open) }
func (f *FS) OpenWrite(name string) (userjournal.File, error) {
	return f.file(OpenWrite, name, f.base.OpenWrite)
}

func (f *FS) file(op Op, name string, open func(string) (userjournal.File, error)) (userjournal.File, error) {
	if x := f.fault(Call{Op: op, Name: name}); x.Err != nil {
		return nil, x.Err
	}
	base, err := open(name)
	if err != nil {
		return nil, err
	}
	return &file{base, f, name}, nil
}

func (f *FS) Rename(from, to string) error {
	if x := f.fault(Call{Op: Rename, Name: from}); x.Err != nil {
		return x.Err
	}
	return f.base.Rename(from, to)
}

func (f *FS) Remove(name string) error {
	if x := f.fault(Call{Op: Remove, Name: name}); x.Err != nil {
		return x.Err
	}
	return f.base.Remove(name)
}

func (f *FS) Lock(name string) (io.Closer, error) {
	if x := f.fault(Call{Op: Lock, Name: name}); x.Err != nil {
		return nil, x.Err
	}
	return f.base.Lock(name)
}
