// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// attachLTTng traces the entry and the exit of every system call, of everybody,
// with the name and the id of the process, into buffers as large as vexj's that
// lttng-consumerd writes out. lttng-sessiond must be running.
func attachLTTng(_ job, _ int, dir string) (func() (string, error), error) {
	trace := filepath.Join(dir, "trace")
	for _, args := range [][]string{
		{"create", "bench", "--output=" + trace},
		{"enable-channel", "-k", "calls", "--subbuf-size=4M", "--num-subbuf=4"},
		{"enable-event", "-k", "--syscall", "--all", "-c", "calls"},
		{"add-context", "-k", "-c", "calls", "-t", "procname", "-t", "pid"},
		{"start"},
	} {
		if _, err := lttng(args...); err != nil {
			return nil, err
		}
	}
	return func() (string, error) {
		out, err := lttng("stop")
		size, sizeErr := folderSize(trace)
		note := fmt.Sprintf("%d MB", size>>20)
		if lost := regexp.MustCompile(`(\d+) events? (?:were )?discarded`).FindString(out); lost != "" {
			note += ", " + lost
		}
		_, destroyed := lttng("destroy", "bench")
		return note, errors.Join(err, sizeErr, destroyed)
	}, nil
}

func lttng(args ...string) (string, error) {
	out, err := exec.Command("lttng", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("lttng %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func folderSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
