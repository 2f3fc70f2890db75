// SPDX-License-Identifier: Apache-2.0

package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
)

// askTimeout bounds how long one side waits for the other: a stopped recorder
// must not hang `kernel status`, nor a stopped reader the recorder.
const askTimeout = 2 * time.Second

// Publisher answers whoever asks. It never holds up the capture.
type Publisher struct {
	l    *net.UnixListener
	done sync.WaitGroup
}

// Publish listens in dir, which it makes, and answers for the recorder.
func Publish(dir string, rec Recorder) (*Publisher, error) {
	if err := MakeDir(dir); err != nil {
		return nil, err
	}
	sweep(dir)
	name := filepath.Join(dir, strconv.Itoa(os.Getpid())+".sock")
	// A socket of this name is left from an earlier process of the same id.
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("publishing the status: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("publishing the status: %w", err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("publishing the status: %w", err)
	}
	p := &Publisher{l: l}
	p.done.Go(func() { p.serve(rec) })
	return p, nil
}

func (p *Publisher) serve(rec Recorder) {
	for {
		conn, err := p.l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: let some be closed
			continue
		}
		// Whoever asked and went away has no use for the error.
		_ = converse(conn, rec)
		conn.Close()
	}
}

// converse takes one request and answers it.
func converse(conn *net.UnixConn, rec Recorder) error {
	if err := conn.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return err
	}
	var req Request
	const most = 1 << 20
	err := json.NewDecoder(io.LimitReader(conn, most)).Decode(&req)
	if errors.Is(err, io.EOF) {
		err = nil // nothing particular
	}
	if err == nil {
		err = allowed(conn)
	}
	var reply Reply
	if err == nil {
		reply, err = answer(rec, &req)
	}
	if err != nil {
		reply.Error, reply.Code = err.Error(), exit.Code(err)
	}
	// Setting a filter may have taken its time.
	if err := conn.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return err
	}
	return json.NewEncoder(conn).Encode(&reply)
}

func answer(rec Recorder, req *Request) (Reply, error) {
	var r Reply
	var err error
	switch {
	case req.Filter != nil:
		err = rec.SetFilter(*req.Filter)
	case req.Peek < 0 || req.Peek > maxPeek:
		err = fmt.Errorf("the last %d records cannot be had, ask for at most %d", req.Peek, maxPeek)
	case req.Peek > 0:
		r.Records, err = rec.Peek(req.Peek)
	}
	r.Snapshot = rec.Snapshot()
	return r, err
}

// allowed refuses everybody but root and the recorder's own user, should the
// folder's mode have been changed.
func allowed(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) { cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return err
	}
	if credErr != nil {
		return fmt.Errorf("asking who has connected: %w", credErr)
	}
	if cred.Uid != 0 && int(cred.Uid) != os.Geteuid() {
		return fmt.Errorf("user %d may not ask this recorder: %w", cred.Uid, os.ErrPermission)
	}
	return nil
}

// Close stops answering and removes the socket.
func (p *Publisher) Close() error {
	err := p.l.Close()
	p.done.Wait()
	return err
}

// MakeDir makes the run-time folder, or refuses one that others can write to.
func MakeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the run-time folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if st := info.Sys().(*syscall.Stat_t); info.Mode().Perm()&0o022 != 0 || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("the run-time folder %s belongs to another user or lets others write; "+
			"remove it, or set VEXJ_RUN_DIR to one that is yours alone", dir)
	}
	return nil
}

// sweep removes the sockets of recorders that were killed: these, and those for
// agents.
func sweep(dir string) {
	for _, name := range append(sockets(dir), glob(dir, place.AgentSocketPrefix+"*.sock")...) {
		pid, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(filepath.Base(name), ".sock"), place.AgentSocketPrefix))
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.Remove(name)
		}
	}
}

// sockets are those that Publish makes.
func sockets(dir string) []string { return glob(dir, "[1-9]*.sock") }

func glob(dir, pattern string) []string {
	names, _ := filepath.Glob(filepath.Join(strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir), pattern))
	return names
}
