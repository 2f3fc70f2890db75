// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// forks is the kernel's process connector (Documentation/driver-api/connector.rst,
// include/uapi/linux/cn_proc.h): it tells of each fork, before the child runs. It is
// for root in the initial namespaces, and for others from Linux 6.6 on.
type forks struct {
	fd   int // of file
	file *os.File
}

// Of cn_proc.h.
const (
	cnIdxProc     = 1
	cnValProc     = 1
	cnListen      = 1
	procEventFork = 1

	cnHead  = 20 // struct cn_msg
	atEvent = unix.SizeofNlMsghdr + cnHead
)

// forkBuffer is how much may be told and not yet heard: thousands of forks.
const forkBuffer = 8 << 20

// hearForks begins to listen.
func hearForks() (*forks, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, fmt.Errorf("fuse: the process connector: %w", err)
	}
	f := &forks{fd: fd}
	if err := f.begin(); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("fuse: the process connector: %w", err)
	}
	f.file = os.NewFile(uintptr(fd), "process connector")
	return f, nil
}

func (f *forks) begin() error {
	if unix.SetsockoptInt(f.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, forkBuffer) != nil {
		// Others take what they may have.
		_ = unix.SetsockoptInt(f.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, forkBuffer)
	}
	if err := unix.Bind(f.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: cnIdxProc}); err != nil {
		return err
	}
	if err := f.ask(cnListen); err != nil {
		return err
	}
	if !f.answered() {
		return unix.EOPNOTSUPP
	}
	// Since Linux 6.6 one may ask for forks alone. Before, that is not understood,
	// and all is told.
	return f.ask(cnListen, procEventFork)
}

func (f *forks) ask(words ...uint32) error {
	b := make([]byte, 0, atEvent+8)
	ne := binary.NativeEndian
	b = ne.AppendUint32(b, uint32(atEvent+4*len(words)))
	b = ne.AppendUint16(b, unix.NLMSG_DONE)
	b = append(b, make([]byte, 10)...) // flags, sequence, port
	b = ne.AppendUint32(b, cnIdxProc)
	b = ne.AppendUint32(b, cnValProc)
	b = append(b, make([]byte, 8)...) // sequence, acknowledgement
	b = ne.AppendUint16(b, uint16(4*len(words)))
	b = ne.AppendUint16(b, 0)
	for _, w := range words {
		b = ne.AppendUint32(b, w)
	}
	return unix.Sendto(f.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// answered says whether the kernel has taken a question: it answers at once.
func (f *forks) answered() bool {
	var buf [256]byte
	for {
		event, err := f.receive(buf[:])
		if err != nil {
			return false
		}
		if len(event) >= 4 {
			return true // its answer, or the first event
		}
	}
}

// receive returns the next event; none if it was not the kernel's.
func (f *forks) receive(buf []byte) ([]byte, error) {
	n, from, err := unix.Recvfrom(f.fd, buf, 0)
	if err != nil {
		return nil, err
	}
	// Anybody may send to a netlink socket.
	if sa, ok := from.(*unix.SockaddrNetlink); !ok || sa.Pid != 0 || n < atEvent {
		return nil, nil
	}
	return buf[atEvent:n], nil
}

// drain hears what was told. The lock is held.
func (k *kinship) drain() {
	if k.forks == nil {
		return
	}
	var buf [256]byte
	for {
		event, err := k.forks.receive(buf[:])
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ENOBUFS:
			// More was told than there was room for.
			k.deaf = true
			k.sweep() // while those who are known are still who they were
			k.missed()
			continue
		case err != nil:
			return
		}
		k.hear(event)
	}
}

// hear takes an event in: {what u32, cpu u32, ns u64, parent tid, tgid, child tid,
// tgid u32}.
func (k *kinship) hear(event []byte) {
	const size = 32
	ne := binary.NativeEndian
	if len(event) < size || ne.Uint32(event) != procEventFork {
		return
	}
	parent, child, tid := ne.Uint32(event[20:]), ne.Uint32(event[28:]), ne.Uint32(event[24:])
	if tid != child {
		return // a thread
	}
	e := k.of[parent]
	e.start = 0
	k.put(child, e)
	delete(k.ended, child) // who had its number before has
	if k.heard++; len(k.of) > k.enough || k.heard > 16*leastEntries {
		k.sweep()
	}
}

// listen makes sure that forks are heard of, if they can be. The lock is held.
func (k *kinship) listen() {
	if k.forks != nil || k.closed {
		return
	}
	f, err := k.open()
	k.deaf = err != nil
	if err != nil {
		return
	}
	k.forks = f
	go k.keepHearing(f)
}

// keepHearing hears as the kernel tells, so that its buffer does not fill.
func (k *kinship) keepHearing(f *forks) {
	raw, err := f.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Read(func(uintptr) bool { // until the file is closed
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.forks == f {
			k.drain()
		}
		return k.forks != f
	})
}

// quiet forgets everybody, and stops listening, when there are no trees. The lock is
// held.
func (k *kinship) quiet() {
	trees := len(k.followed) > 0
	for _, a := range k.contexts {
		trees = trees || a.PID != 0
	}
	if !trees {
		clear(k.of)
		k.hush()
	}
}

func (k *kinship) hush() {
	if k.forks != nil {
		go k.forks.file.Close() // which waits for keepHearing, and that for the lock
		k.forks = nil
	}
}

func (k *kinship) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.hush()
}
