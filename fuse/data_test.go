// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// A call makes a record for each request that the kernel makes of it: one, if its
// memory is within as many pages as a request takes.
func TestRequestsOfACall(t *testing.T) {
	tapped, _, m := newTap(t, MountOptions{})
	page, limit := os.Getpagesize(), 256
	if text, err := os.ReadFile("/proc/sys/fs/fuse/max_pages_limit"); err == nil {
		limit, err = strconv.Atoi(string(bytes.TrimSpace(text)))
		must(t, err)
	}
	most := min(limit*page, 1<<20+page)
	memory, err := unix.Mmap(-1, 0, 4<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	must(t, err)
	defer unix.Munmap(memory)
	fd, err := unix.Open(filepath.Join(m.Target, "file"), unix.O_CREAT|unix.O_RDWR, 0o600)
	must(t, err)
	defer unix.Close(fd)
	for _, c := range []struct{ begin, size int }{{0, 4096}, {0, 1 << 20}, {16, 1 << 20}, {16, 3 << 20}} {
		var want []uapi.IO
		for done := 0; done < c.size; {
			n := min(c.size-done, most-(c.begin+done)%page)
			want = append(want, uapi.IO{Offset: int64(done), Length: uint64(n), Result: int64(n)})
			done += n
		}
		part := memory[c.begin:][:c.size]
		for _, call := range []struct {
			typ uapi.Type
			do  func(int, []byte, int64) (int, error)
		}{{uapi.FSWrite, unix.Pwrite}, {uapi.FSRead, unix.Pread}} {
			must(t, tapped.Start(uint32(os.Getpid()), ""))
			if n, err := call.do(fd, part, 0); n != c.size || err != nil {
				t.Fatalf("%v of %d bytes: %d, %v", call.typ, c.size, n, err)
			}
			recs, err := tapped.Stop()
			must(t, err)
			var got []uapi.IO
			for _, r := range recs {
				if io, ok := r.IO(); ok && r.Header().Type == call.typ {
					io.Duration = 0
					got = append(got, io)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v of %d bytes, %d behind the beginning of a page: %v, want %v", call.typ, c.size, c.begin, got, want)
			}
		}
	}
}
