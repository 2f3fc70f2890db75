// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// quietRows are operations that must leave nothing.
func quietRows() []Scenario {
	// All that the row's own thread is said to do to files counts.
	own := func(e *Env, r uapi.Record) bool {
		task, _ := r.Task()
		return r.Type().Category() == uapi.CategoryFilesystem && int64(task.TID) == e.Fact("task.tid")
	}
	nothing := func(*Env) []Want { return nil }
	exchange := func(e *Env, in, out int) {
		n, err := unix.Write(in, []byte("12345678"))
		e.N(n, err, 8)
		n, err = unix.Read(out, make([]byte, 8))
		e.N(n, err, 8)
		e.Close(in)
		if out != in {
			e.Close(out)
		}
	}
	return []Scenario{{
		Name: "pipes and sockets leave nothing", Kinds: []string{"pipe", "socket"}, Declares: own, Want: nothing,
		Do: func(e *Env) {
			var p [2]int
			e.Must(unix.Pipe2(p[:], unix.O_CLOEXEC))
			exchange(e, p[1], p[0])
			s, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			e.Must(err)
			exchange(e, s[1], s[0])
		},
	}, {
		Name: "memfd, eventfd and epoll leave nothing", Kinds: []string{"memfd"}, Declares: own, Want: nothing,
		Do: func(e *Env) {
			fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
			e.Must(err)
			exchange(e, fd, fd)
			fd, err = unix.MemfdCreate("name", unix.MFD_CLOEXEC)
			e.Must(err)
			n, err := unix.Pwrite(fd, []byte("abc"), 10)
			e.N(n, err, 3)
			e.Must(unix.Ftruncate(fd, 4096))
			e.Close(fd)
			fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
			e.Must(err)
			e.Close(fd)
		},
	}, {
		Name: "descriptors that are not open leave nothing", Kinds: []string{"read", "write"}, Declares: own, Want: nothing,
		Do: func(e *Env) {
			_, err := unix.Read(high, make([]byte, 1))
			e.Fails(err, unix.EBADF)
			_, err = unix.Pwrite(high, []byte("x"), 0)
			e.Fails(err, unix.EBADF)
			e.Fails(unix.Fsync(high), unix.EBADF)
			e.Fails(unix.Fchmod(high, 0o600), unix.EBADF)
		},
	}, {
		Name: "lseek, poll, fadvise and F_GETLK leave nothing", Kinds: []string{"read"}, Declares: own, Want: nothing,
		Setup: digits(unix.O_RDWR),
		Do: func(e *Env) {
			fd := int(e.FD("a"))
			_, err := unix.Seek(fd, 3, unix.SEEK_SET)
			e.Must(err)
			_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			e.Must(err)
			e.Must(unix.Fadvise(fd, 0, 10, unix.FADV_WILLNEED))
			e.Must(unix.FcntlFlock(uintptr(fd), unix.F_GETLK, &unix.Flock_t{Type: unix.F_WRLCK}))
			_, err = unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
			e.Must(err)
		},
	}}
}
