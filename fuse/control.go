// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// ControlName is the folder in a mount's root by which the recorder is asked. It is
// not listed unless MountOptions.ShowControl says so, and hides what has the name in
// the source.
const ControlName = ".vexj"

// A Caller is who uses a file of the folder, as the kernel says.
type Caller struct {
	PID      uint32 // of the process, in the mount's pid namespace
	UID, GID uint32
	Groups   []uint32 // supplementary ones
}

// A Control answers for the folder .vexj. What it shows is its affair, and to whom:
// the caller is the process that opens the file. Errors that are [fs.ErrNotExist],
// [fs.ErrPermission], [fs.ErrInvalid] or an errno are passed on as such, others are
// EIO. It is asked while the kernel waits, and must not use the mount.
type Control interface {
	// Journal is the records that are made from now on, as lines of JSON; query, if
	// not "", says which, and from where: what stands behind the question mark of the
	// file's name. Its Read may wait; ctx ends when nobody wants it any more.
	Journal(ctx context.Context, who Caller, query string) (io.ReadCloser, error)

	// Text is a file that is read as a whole: [Stats], [Intent], or [Events] and an
	// id below.
	Text(ctx context.Context, who Caller, name string) ([]byte, error)

	// Begin has the caller's process tree work under an intent until end is called.
	Begin(ctx context.Context, who Caller, text []byte) (end func(), err error)

	// Search finds files: absolute paths, the nearest first. Those that are not in the
	// mount are not shown.
	Search(ctx context.Context, who Caller, query string) ([]string, error)
}

// Names in the folder.
const (
	Journal = "journal"
	Stats   = "stats"
	Intent  = "intent"
	Events  = "events"
	Search  = "search"
)

// controlBit is set in the node ids of the folder, and in no others.
const controlBit = 1 << 63

// A controlled is an FS with the folder.
type controlled struct {
	*FS
	control *control
}

func mine(id uint64) bool { return id&controlBit != 0 }

// caller is who made a request.
func (c *control) caller(in *fuse.InHeader) Caller {
	p := c.fs.producer
	t := p.tasks.get(in.Pid, p.clock.now())
	who := Caller{PID: t.tgid, UID: in.Uid, GID: in.Gid}
	if status, err := os.ReadFile(procFile(in.Pid, "status")); err == nil {
		_, rest, _ := bytes.Cut(status, []byte("\nGroups:"))
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		for _, word := range bytes.Fields(line) {
			if n, err := strconv.ParseUint(string(word), 10, 32); err == nil {
				who.Groups = append(who.Groups, uint32(n))
			}
		}
	}
	return who
}

// controlStatus is what the kernel is told of an error of a Control.
func controlStatus(err error) fuse.Status {
	var errno unix.Errno
	switch {
	case err == nil:
		return fuse.OK
	case errors.As(err, &errno):
		return fuse.Status(errno)
	case errors.Is(err, fs.ErrNotExist):
		return fuse.ENOENT
	case errors.Is(err, fs.ErrPermission):
		return fuse.EACCES
	case errors.Is(err, fs.ErrInvalid):
		return fuse.EINVAL
	case errors.Is(err, context.Canceled):
		return fuse.EINTR
	}
	return fuse.EIO
}

// asking is the context of a request that can be interrupted.
func asking(cancel <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancel(context.Background())
	stop := make(chan struct{})
	go func() {
		select {
		case <-cancel:
			end()
		case <-stop:
		}
	}()
	return ctx, func() { close(stop); end() }
}
