// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// A controlHandle is an open file of .vexj.
type controlHandle struct {
	node *controlNode
	who  Caller // who opened it
	text []byte // of what is read as a whole

	stream *stream // of a journal

	mu  sync.Mutex
	end func() // of the intent that was written
}

// longestIntent bounds what is written at once.
const longestIntent = 64 << 10

// A stream is what comes of a journal. One reader at a time has the turn.
type stream struct {
	turn   chan struct{}
	chunks chan []byte
	rest   []byte // under the turn
	err    error  // set before chunks is closed
	cancel context.CancelFunc
	ended  chan struct{}
}

func newStream(rc io.ReadCloser, cancel context.CancelFunc) *stream {
	s := &stream{turn: make(chan struct{}, 1), chunks: make(chan []byte), cancel: cancel, ended: make(chan struct{})}
	go s.pump(rc)
	return s
}

// pump reads ahead of who reads by one piece: behind that the source is told by
// being held up.
func (s *stream) pump(rc io.ReadCloser) {
	defer close(s.chunks)
	defer rc.Close()
	for {
		buf := make([]byte, 64<<10)
		n, err := rc.Read(buf)
		if n > 0 {
			select {
			case s.chunks <- buf[:n]:
			case <-s.ended:
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				s.err = err
			}
			return
		}
	}
}

// read waits for something, but for no more than there is. It waits where a descriptor
// is not to wait, too: a process cannot be told that there is something now.
func (s *stream) read(cancel, done <-chan struct{}, dest []byte) (int, fuse.Status) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-cancel:
		return 0, fuse.EINTR
	}
	if len(s.rest) == 0 {
		var ok bool
		select {
		case s.rest, ok = <-s.chunks:
		case <-cancel:
			return 0, fuse.EINTR
		case <-done:
			return 0, fuse.OK
		}
		if !ok {
			return 0, controlStatus(s.err)
		}
	}
	n := copy(dest, s.rest)
	s.rest = s.rest[n:]
	return n, fuse.OK
}

func (s *stream) close() {
	s.cancel()
	close(s.ended)
}

// open opens a file.
func (c *control) open(cancel <-chan struct{}, in *fuse.OpenIn, n *controlNode, out *fuse.OpenOut) fuse.Status {
	h := &controlHandle{node: n, who: c.caller(&in.InHeader)}
	writes := in.Flags&unix.O_ACCMODE != unix.O_RDONLY
	if writes && n.name != Intent {
		return fuse.EACCES // root is not asked for permissions
	}
	ctx, end := asking(cancel)
	defer end()
	var err error
	query, filtered := strings.CutPrefix(n.name, Journal+"?")
	switch {
	case n.name == Journal || filtered:
		if n.name == Journal {
			query = ""
		}
		err = c.openJournal(cancel, h, query)
		out.OpenFlags |= fuse.FOPEN_STREAM
	case n.text != nil:
		h.text = n.text
	case n.name != Intent || in.Flags&unix.O_ACCMODE != unix.O_WRONLY:
		h.text, err = c.ask.Text(ctx, h.who, n.name)
	}
	if err != nil {
		return controlStatus(err)
	}
	out.OpenFlags |= fuse.FOPEN_DIRECT_IO
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	out.Fh = c.last
	c.handles[out.Fh] = h
	if h.stream != nil {
		if c.streams++; c.streams == 1 {
			go c.watch()
		}
	}
	return fuse.OK
}

// openJournal begins a stream that lives on when the request has been answered.
func (c *control) openJournal(cancel <-chan struct{}, h *controlHandle, query string) error {
	ctx, end := context.WithCancel(context.Background())
	opened := make(chan struct{})
	go func() {
		select {
		case <-cancel:
			end()
		case <-opened:
		}
	}()
	rc, err := c.ask.Journal(ctx, h.who, query)
	close(opened)
	if err != nil {
		end()
		return err
	}
	h.stream = newStream(rc, end)
	return nil
}

func (c *control) handle(fh uint64) *controlHandle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handles[fh]
}

func (c *control) read(cancel <-chan struct{}, in *fuse.ReadIn, dest []byte) (fuse.ReadResult, fuse.Status) {
	h := c.handle(in.Fh)
	if h == nil {
		return nil, fuse.EBADF
	}
	dest = dest[:min(len(dest), int(in.Size))]
	if h.stream != nil {
		n, st := h.stream.read(cancel, c.done, dest)
		if st != fuse.OK {
			return nil, st
		}
		return fuse.ReadResultData(dest[:n]), fuse.OK
	}
	text := h.text[min(in.Offset, uint64(len(h.text))):]
	return fuse.ReadResultData(text[:min(len(text), len(dest))]), fuse.OK
}

// write begins an intent, in the place of the one before.
func (c *control) write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	h := c.handle(in.Fh)
	if h == nil {
		return 0, fuse.EBADF
	}
	text := strings.TrimSpace(string(data))
	if text == "" || len(data) > longestIntent {
		return 0, fuse.EINVAL
	}
	ctx, stop := asking(cancel)
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.end != nil {
		h.end()
		h.end = nil
	}
	end, err := c.ask.Begin(ctx, h.who, []byte(text))
	if err != nil {
		return 0, controlStatus(err)
	}
	h.end = end
	return uint32(len(data)), fuse.OK
}

// release ends what a handle stands for.
func (c *control) release(fh uint64) {
	c.mu.Lock()
	h := c.handles[fh]
	delete(c.handles, fh)
	if h != nil && h.stream != nil {
		c.streams--
	}
	c.mu.Unlock()
	if h == nil {
		return
	}
	if h.stream != nil {
		h.stream.close()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.end != nil {
		h.end()
		h.end = nil
	}
}

// stop ends all streams: what reads them sees their end. Else a mount with a reader
// could not end.
func (c *control) stop() { c.end.Do(func() { close(c.done) }) }

// close releases what the kernel did not.
func (c *control) close() {
	c.stop()
	c.mu.Lock()
	var left []uint64
	for fh := range c.handles {
		left = append(left, fh)
	}
	c.mu.Unlock()
	for _, fh := range left {
		c.release(fh)
	}
}

// watch looks, while there are streams, whether somebody has unmounted the folder,
// and then ends them.
func (c *control) watch() {
	for {
		select {
		case <-c.done:
			return
		case <-time.After(time.Second):
		}
		c.mu.Lock()
		streams := c.streams
		c.mu.Unlock()
		if streams == 0 {
			return
		}
		mounted, err := Mounted()
		if _, ok := mountOf(mounted, c.fs.at); err == nil && !ok {
			c.stop()
		}
	}
}
