// SPDX-License-Identifier: Apache-2.0

package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"syscall"
	"time"
)

// ErrNone means that no recorder of this user is running.
var ErrNone = errors.New("no recorder answers; start one with `vexjctl record` or `systemctl start vexjd`")

// Read asks all recorders that publish in dir.
func Read(dir string) ([]Snapshot, error) {
	if _, err := os.ReadDir(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading the run-time folder (it belongs to the recorder's user; try as root): %w", err)
	}
	var all []Snapshot
	var failed error
	for _, name := range sockets(dir) {
		s, err := ask(name)
		switch {
		case err == nil:
			all = append(all, s)
		case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
			// Its recorder is gone.
		default:
			failed = errors.Join(failed, fmt.Errorf("asking the recorder at %s: %w", name, err))
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].PID < all[j].PID })
	if len(all) == 0 {
		return nil, errors.Join(ErrNone, failed)
	}
	return all, failed
}

func ask(name string) (Snapshot, error) {
	var s Snapshot
	conn, err := net.DialTimeout("unix", name, askTimeout)
	if err != nil {
		return s, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return s, err
	}
	const most = 16 << 20
	if err := json.NewDecoder(io.LimitReader(conn, most)).Decode(&s); err != nil {
		return s, fmt.Errorf("its answer: %w", err)
	}
	return s, nil
}
