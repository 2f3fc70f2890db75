// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrNone: there is no unified hierarchy here, or it is not to be written to.
var ErrNone = errors.New("no control group can be made")

// Mount is where the unified hierarchy is mounted.
func Mount() (string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNone, err)
	}
	return mountIn(string(text))
}

func mountIn(mountinfo string) (string, error) {
	for line := range strings.Lines(mountinfo) {
		front, back, ok := strings.Cut(line, " - ")
		if fields := strings.Fields(front); ok && strings.HasPrefix(back, "cgroup2 ") && len(fields) > 4 {
			return unescape(fields[4]), nil
		}
	}
	return "", fmt.Errorf("%w: the unified hierarchy (cgroup2) is not mounted", ErrNone)
}

// unescape undoes what mountinfo does to blanks.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// own is this process's group, below the mount.
func own() (string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNone, err)
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: this process is in none", ErrNone)
}

// ID is that of the group of a folder, which is its inode number.
func ID(path string) (uint64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Sys().(*syscall.Stat_t).Ino, nil
}

// Find takes a path below the mount, a path with the mount, or an id.
func Find(s string) (id uint64, path string, err error) {
	if id, err := strconv.ParseUint(s, 10, 64); err == nil && id != 0 {
		return id, "", nil
	}
	mount, err := Mount()
	if err != nil {
		return 0, "", err
	}
	if path = s; !strings.HasPrefix(s, mount) {
		path = filepath.Join(mount, s)
	}
	if id, err = ID(path); err != nil {
		return 0, "", fmt.Errorf("%s is neither an id nor a control group: %w", s, err)
	}
	return id, path, nil
}

// Prefix is what the names of groups of runs begin with.
const Prefix = "vexj-run-"

const procs = "cgroup.procs"

// A Group was made here.
type Group struct {
	Path string
	home string // the group of who made it
}

// New makes a group below this process's own, or where that is not to be written to,
// in vexj.slice.
func New(name string) (*Group, error) {
	mount, err := Mount()
	if err != nil {
		return nil, err
	}
	mine, err := own()
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, parent := range []string{mine, "vexj.slice"} {
		dir := filepath.Join(mount, parent)
		if parent != mine {
			if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				failed = append(failed, err)
				continue
			}
		}
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			failed = append(failed, err)
			continue
		}
		return &Group{path, filepath.Join(mount, mine)}, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrNone, errors.Join(failed...))
}

// Add moves a process into the group.
func (g *Group) Add(pid int) error {
	return os.WriteFile(filepath.Join(g.Path, procs), strconv.AppendInt(nil, int64(pid), 10), 0)
}

// Dissolve brings who is left in the group to where they would be without it, and
// removes it, as well as what other runs have made in it. Groups that somebody else has
// made there stay, and it with them.
func (g *Group) Dissolve() error { return g.dissolve(g.Path) }

func (g *Group) dissolve(path string) error {
	inner, err := filepath.Glob(filepath.Join(path, Prefix+"*"))
	if err != nil {
		return err
	}
	for _, p := range inner {
		if err := g.dissolve(p); err != nil {
			return err
		}
	}
	for range 100 { // who forks meanwhile is there the next time
		text, err := os.ReadFile(filepath.Join(path, procs))
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil
		case err != nil:
			return err
		case len(text) == 0:
			return os.Remove(path)
		}
		for line := range strings.Lines(string(text)) {
			err := os.WriteFile(filepath.Join(g.home, procs), []byte(line), 0)
			if err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
	return fmt.Errorf("%s: its processes fork too fast", path)
}

// Remove removes the group if it is empty; left says that it is not.
func (g *Group) Remove() (left bool, err error) {
	err = os.Remove(g.Path)
	switch {
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.ENOTEMPTY):
		return true, nil
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	}
	return false, err
}
