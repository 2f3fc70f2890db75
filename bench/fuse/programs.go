// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// programs measures what people do: untar, grep, build and remove Go's own source.
func programs(m *mount) ([]figure, error) {
	archive := filepath.Join(filepath.Dir(m.source), "go.tar")
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	if err := exec.Command("tar", "-C", strings.TrimSpace(string(root)), "-cf", archive, "src").Run(); err != nil {
		return nil, err
	}
	defer os.Remove(archive)
	cache := filepath.Join(m.at, "cache")
	var out []figure
	for _, job := range []struct {
		name string
		dir  string
		args []string
	}{
		{"untar", m.at, []string{"tar", "-xf", archive}},
		{"grep -r", m.at, []string{"grep", "-rc", "--include=*.go", "-m1", "nothing that is there", "src"}},
		{"go build", filepath.Join(m.at, "src", "cmd", "gofmt"), []string{"env", "GOCACHE=" + cache, "GOFLAGS=-p=2", "go", "build", "-o", filepath.Join(m.at, "gofmt"), "."}},
		{"rm -rf", m.at, []string{"rm", "-rf", "src", "cache", "gofmt"}},
	} {
		cmd := exec.Command(job.args[0], job.args[1:]...)
		cmd.Dir = job.dir
		begin := time.Now()
		text, err := cmd.CombinedOutput()
		if err != nil && job.name != "grep -r" { // which finds nothing
			return nil, fmt.Errorf("%s: %w\n%s", job.name, err, text)
		}
		out = append(out, figure{job.name, time.Since(begin).Seconds(), "s"})
	}
	return out, nil
}
