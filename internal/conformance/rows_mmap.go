// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func mmapRows() []Scenario {
	page := unix.Getpagesize()
	pages := func(e *Env) {
		e.File("a", "", 0o644)
		e.Must(unix.Truncate(e.P("a"), int64(2*page)))
		e.Bind("a", "a")
		e.Held("a", unix.O_RDWR)
	}
	mapped := func(offset, n int) Want {
		return Rec(uapi.FSMmapWrite, "a").Via(uapi.ViaMmap).Kind(uapi.MmapMapped).
			At(int64(offset)).Len(uint64(n)).AnyOutcome().Object("a")
	}
	mmap := func(e *Env, offset, n, prot, flags int) []byte {
		b, err := unix.Mmap(int(e.FD("a")), int64(offset), n, prot, flags)
		e.Must(err)
		return b
	}
	const rw = unix.PROT_READ | unix.PROT_WRITE
	return []Scenario{{
		Name: "mmap shared and writable", Kinds: []string{"mmap"},
		Setup: pages,
		Do:    func(e *Env) { mmap(e, page, page, rw, unix.MAP_SHARED) },
		Want:  func(e *Env) []Want { return []Want{mapped(page, page).Size(int64(2 * page))} },
	}, {
		Name: "write through a shared mapping", Kinds: []string{"mmap", "mmap.dirty"},
		Setup: pages,
		Do: func(e *Env) {
			b := mmap(e, 0, 2*page, rw, unix.MAP_SHARED)
			b[page] = 1
			b[page+1] = 2
			e.Must(unix.Munmap(b))
		},
		Want: func(e *Env) []Want {
			return []Want{
				mapped(0, 2*page),
				Rec(uapi.FSMmapWrite, "a").Via(uapi.ViaMmap).Kind(uapi.MmapDirtied).
					At(int64(page)).Len(uint64(page)).Object("a"),
			}
		},
	}, {
		Name: "mappings that write no file", Kinds: []string{"mmap"},
		Setup: pages,
		Do: func(e *Env) {
			b := mmap(e, 0, page, rw, unix.MAP_PRIVATE)
			b[0] = 1
			b = mmap(e, 0, page, unix.PROT_READ, unix.MAP_SHARED)
			_ = b[0]
		},
		Want: func(e *Env) []Want { return nil },
	}, {
		Name: "mprotect makes a shared mapping writable", Kinds: []string{"mprotect"},
		Setup: pages,
		Do: func(e *Env) {
			b := mmap(e, 0, page, unix.PROT_READ, unix.MAP_SHARED)
			e.Must(unix.Mprotect(b, rw))
		},
		Want: func(e *Env) []Want { return []Want{mapped(0, page)} },
	}}
}
