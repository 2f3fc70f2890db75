// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Follow calls fn for each record from the ordinal on, and then for each new
// one as it becomes visible, until ctx ends, which is no error, or fn returns
// one; ErrStop is none either. From 0 is the first record there is.
func (r *Reader) Follow(ctx context.Context, from uint64, fn func(ordinal uint64, rec uapi.Record) error) error {
	w := watch(r.dir)
	defer w.close()
	stopped := false
	for {
		err := r.Scan(ScanOptions{From: from}, func(ordinal uint64, rec uapi.Record) error {
			if ctx.Err() != nil {
				return ErrStop
			}
			from = ordinal + 1
			err := fn(ordinal, rec)
			stopped = errors.Is(err, ErrStop)
			return err
		})
		if err != nil || stopped {
			return err
		}
		if !w.wait(ctx) {
			return nil
		}
	}
}

const (
	// poll is for what notification misses: a filesystem without it, or a
	// queue that overflowed.
	poll = 500 * time.Millisecond
	// pollAlone is used where there is no notification at all.
	pollAlone = 50 * time.Millisecond
)

// A watcher waits for writes in directories.
type watcher struct {
	file  *os.File
	event chan struct{} // has room for one
	every time.Duration
}

func watch(dirs ...string) *watcher {
	w := &watcher{event: make(chan struct{}, 1), every: pollAlone}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return w
	}
	w.file = os.NewFile(uintptr(fd), "inotify")
	for _, dir := range dirs {
		if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MODIFY|unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
			w.close()
			w.file = nil
			return w
		}
	}
	w.every = poll
	go w.run()
	return w
}

func (w *watcher) run() {
	var b [4096]byte
	for {
		if _, err := w.file.Read(b[:]); err != nil {
			return
		}
		select {
		case w.event <- struct{}{}:
		default:
		}
	}
}

// wait is false when ctx has ended.
func (w *watcher) wait(ctx context.Context) bool {
	t := time.NewTimer(w.every)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-w.event:
	case <-t.C:
	}
	return true
}

func (w *watcher) close() {
	if w.file != nil {
		_ = w.file.Close()
	}
}
