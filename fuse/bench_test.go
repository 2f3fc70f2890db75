// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// What an operation costs by way of the mount, the caller's part included. Side by
// side with others: bench/fuse.
func BenchmarkNames(b *testing.B) {
	_, m := mounted(b, Options{Full: Drop}, MountOptions{})
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	text := make([]byte, 1024)
	name := func(i int) string { return filepath.Join(m.Target, strconv.Itoa(i)) }
	for _, step := range []struct {
		name string
		do   func(i int)
	}{
		{"create", func(i int) {
			fd, err := unix.Open(name(i), unix.O_CREAT|unix.O_WRONLY, 0o644)
			must(err)
			_, err = unix.Write(fd, text)
			must(err)
			must(unix.Close(fd))
		}},
		{"rename", func(i int) {
			must(unix.Rename(name(i%1000), name(i%1000)+"-"))
			must(unix.Rename(name(i%1000)+"-", name(i%1000)))
		}},
		{"unlink", func(i int) { must(unix.Mknod(name(i)+"+", unix.S_IFREG, 0)); must(unix.Unlink(name(i) + "+")) }},
	} {
		b.Run(step.name, func(b *testing.B) {
			for i := range b.N {
				step.do(i)
			}
		})
	}
}

// A look at a file of which the kernel keeps nothing: two requests.
func BenchmarkStat(b *testing.B) {
	_, m := mounted(b, Options{Full: Drop}, MountOptions{Valid: -1})
	path := filepath.Join(m.Target, "a")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	var st unix.Stat_t
	for b.Loop() {
		if err := unix.Lstat(path, &st); err != nil {
			b.Fatal(err)
		}
	}
}

// Data of a file whose reads and writes are all recorded, a request each.
func BenchmarkData(b *testing.B) {
	_, m := mounted(b, Options{Full: Drop}, MountOptions{})
	fd, err := unix.Open(filepath.Join(m.Target, "file"), unix.O_CREAT|unix.O_RDWR, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fd)
	const bytes = 32 << 20
	for _, size := range []int{1 << 20, 4 << 10} {
		block := make([]byte, size)
		for _, call := range []struct {
			name string
			do   func(fd int, p []byte, off int64) (int, error)
		}{{"write", unix.Pwrite}, {"read", unix.Pread}} {
			b.Run(call.name+"/"+strconv.Itoa(size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for i := range b.N {
					if n, err := call.do(fd, block, int64(i*size)%bytes); err != nil || n != size {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}
