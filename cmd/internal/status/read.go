// SPDX-License-Identifier: Apache-2.0

package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"syscall"
	"time"

	"vexj/cmd/internal/exit"
)

var (
	// ErrNone means that no recorder of this user is running.
	ErrNone = errors.New("no recorder answers; start one with `vexjctl record` or `systemctl start vexjd`")
	// ErrRefused means that a recorder would not do what it was asked.
	ErrRefused = errors.New("the recorder refuses")
)

// filterTimeout is how long a filter may take: programs may have to be loaded
// into a slow kernel.
const filterTimeout = time.Minute

// Read asks all recorders that publish in dir how they are.
func Read(dir string) ([]Snapshot, error) {
	replies, err := Ask(dir, Request{})
	var all []Snapshot
	for _, r := range replies {
		all = append(all, r.Snapshot)
	}
	return all, err
}

// Ask puts a request to all recorders that publish in dir. It returns the
// answers, by process id, and what went wrong with others.
func Ask(dir string, req Request) ([]Reply, error) {
	if _, err := os.ReadDir(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading the run-time folder (it belongs to the recorder's user; try as root): %w", err)
	}
	var all []Reply
	var failed error
	for _, name := range sockets(dir) {
		r, err := ask(name, req)
		switch {
		case err == nil:
			all = append(all, r)
		case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
			// Its recorder is gone.
		default:
			failed = errors.Join(failed, fmt.Errorf("asking the recorder at %s: %w", name, err))
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Snapshot.PID < all[j].Snapshot.PID })
	if len(all) == 0 {
		return nil, errors.Join(ErrNone, failed)
	}
	return all, failed
}

// AskOne puts a request to the recorder of that process id.
func AskOne(dir string, pid int, req Request) (Reply, error) {
	r, err := ask(filepath.Join(dir, strconv.Itoa(pid)+".sock"), req)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) {
		return r, fmt.Errorf("process %d: %w", pid, ErrNone)
	}
	return r, err
}

func ask(name string, req Request) (Reply, error) {
	var r Reply
	conn, err := net.DialTimeout("unix", name, askTimeout)
	if err != nil {
		return r, err
	}
	defer conn.Close()
	patience := askTimeout
	if req.Filter != nil {
		patience = filterTimeout
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return r, err
	}
	if err := json.NewEncoder(conn).Encode(&req); err != nil {
		return r, err
	}
	const most = 1 << 30
	if err := json.NewDecoder(io.LimitReader(conn, most)).Decode(&r); err != nil {
		return r, fmt.Errorf("its answer: %w", err)
	}
	if r.Error != "" {
		return r, exit.With(r.Code, fmt.Errorf("%w: %s", ErrRefused, r.Error))
	}
	return r, nil
}
