// SPDX-License-Identifier: Apache-2.0

package intent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Target says in ctx whose context is meant: of a process tree or of a control group,
// by its folder or, for root, its id. It refuses what is another user's.
func Target(c Caller, ctx *uapi.Context, pid uint32, group string) (err error) {
	ctx.PID = pid
	if group != "" {
		if ctx.Cgroup, err = groupOf(c, group); err != nil {
			return err
		}
	}
	if pid != 0 {
		if err := MayAttribute(c, pid); err != nil {
			return err
		}
	}
	return ctx.Check()
}

// MayAttribute: a process may be attributed by its own user, and by root. Real,
// effective and saved ids must all be the caller's: a setuid program is not its own.
func MayAttribute(c Caller, pid uint32) error {
	ids, err := uidsOf(pid)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("%w: there is no process %d", uapi.ErrContext, pid)
	}
	if err != nil {
		return err
	}
	if c.UID == 0 {
		return nil
	}
	for _, id := range ids {
		if id != c.UID {
			return fmt.Errorf("process %d: %w", pid, ErrNotYours)
		}
	}
	return nil
}

// uidsOf are a process's real, effective, saved and filesystem user ids.
func uidsOf(pid uint32) ([]uint32, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "Uid:")
		if !ok {
			continue
		}
		var ids []uint32
		for _, word := range strings.Fields(rest) {
			id, err := strconv.ParseUint(word, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("/proc/%d/status: %w", pid, err)
			}
			ids = append(ids, uint32(id))
		}
		return ids, nil
	}
	return nil, fmt.Errorf("/proc/%d/status: it names no user", pid)
}

// groupOf returns the id of a control group. One may be attributed by the user whose
// folder it is: who may move processes into it.
func groupOf(c Caller, path string) (uint64, error) {
	if id, err := strconv.ParseUint(path, 10, 64); err == nil && id != 0 && c.UID == 0 {
		return id, nil
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
		return 0, fmt.Errorf("%w: %s is not a control group (v2)", uapi.ErrContext, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", uapi.ErrContext, err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if c.UID != 0 && st.Uid != c.UID {
		return 0, fmt.Errorf("control group %s: %w", path, ErrNotYours)
	}
	return st.Ino, nil
}

// above opens the folder that a group is in, so that it can be removed there whatever
// becomes of the path.
func above(c Caller, path string) (*os.File, error) {
	dir, err := os.OpenFile(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", uapi.ErrContext, err)
	}
	var fs unix.Statfs_t
	var st unix.Stat_t
	err = errors.Join(unix.Fstatfs(int(dir.Fd()), &fs), unix.Fstatat(int(dir.Fd()), filepath.Base(path), &st, unix.AT_SYMLINK_NOFOLLOW))
	switch {
	case err != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC:
		err = fmt.Errorf("%w: %s is not in a control group (v2)", uapi.ErrContext, path)
	case c.UID != 0 && st.Uid != c.UID:
		err = fmt.Errorf("control group %s: %w", path, ErrNotYours)
	default:
		return dir, nil
	}
	return nil, errors.Join(err, dir.Close())
}

// populated says whether a group or one below it has processes; one that is gone has
// none.
func populated(path string) bool {
	text, err := os.ReadFile(filepath.Join(path, "cgroup.events"))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	return err != nil || !bytes.Contains(text, []byte("populated 0"))
}

// TaskOf is what /proc tells of a process. Its start is that of a clock tick, as the
// kernel tells no better.
func TaskOf(pid uint32) (t uapi.Task, err error) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return t, fmt.Errorf("asking who process %d is: %w", pid, err)
	}
	// The name may have any byte in it, so the last parenthesis counts.
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[max(end+1, 0):]))
	if open < 0 || end < open || len(fields) < 20 {
		return t, fmt.Errorf("asking who process %d is: %sstat cannot be read", pid, dir)
	}
	copy(t.Comm[:], stat[open+1:end])
	ppid, err1 := strconv.ParseUint(fields[1], 10, 32)
	start, err2 := strconv.ParseUint(fields[19], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return t, fmt.Errorf("asking who process %d is: %w", pid, err)
	}
	const tick = 1e9 / 100 // USER_HZ, the same everywhere
	t.TID, t.PPID, t.StartTime = pid, uint32(ppid), start*tick
	ids, err := uidsOf(pid)
	if err != nil {
		return t, err
	}
	if len(ids) == 4 {
		t.UID = ids[3]
	}
	var st unix.Stat_t
	if unix.Stat(dir+"ns/mnt", &st) == nil {
		t.MntNS = uint32(st.Ino)
	}
	if unix.Stat(dir+"ns/pid", &st) == nil {
		t.PidNS = uint32(st.Ino)
	}
	if info, err := os.Stat(dir); err == nil {
		t.GID = info.Sys().(*syscall.Stat_t).Gid
	}
	return t, nil
}
