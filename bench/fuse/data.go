// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// data measures reads and writes with fio: a file is written, then read with
// nothing of it cached, in the order of its bytes and at random.
func data(m *mount) ([]figure, error) {
	var out []figure
	for _, job := range []struct{ name, rw, bs string }{
		{"write 1 MiB", "write", "1M"}, {"read 1 MiB", "read", "1M"},
		{"write 4 KiB at random", "randwrite", "4k"}, {"read 4 KiB at random", "randread", "4k"},
	} {
		if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0); err != nil {
			return nil, err
		}
		rate, err := fio(filepath.Join(m.at, "file"), job.rw, job.bs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", job.name, err)
		}
		out = append(out, figure{job.name, rate, "MB/s"})
	}
	return out, nil
}

func fio(file, rw, bs string) (float64, error) {
	cmd := exec.Command("fio", "--name=job", "--filename="+file, "--rw="+rw, "--bs="+bs, fmt.Sprintf("--size=%dM", *size),
		"--ioengine=psync", "--time_based=0", "--runtime=20", "--invalidate=0", "--output-format=json")
	text, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var answer struct {
		Jobs []struct {
			Read, Write struct {
				BW float64 `json:"bw_bytes"`
			}
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, err
	}
	if len(answer.Jobs) != 1 {
		return 0, fmt.Errorf("fio tells of %d jobs", len(answer.Jobs))
	}
	return (answer.Jobs[0].Read.BW + answer.Jobs[0].Write.BW) / 1e6, nil
}
