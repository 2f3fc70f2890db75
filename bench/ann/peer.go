// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed peers
var sources embed.FS

// peer compiles a peer, and returns its path.
func (b *bench) peer(name string) (string, error) {
	dir := filepath.Join(b.cache, "peers")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.CopyFS(b.cache, sources); err != nil {
		return "", err
	}
	out := filepath.Join(b.cache, "peer-"+name+"-"+b.faiss)
	args := []string{"-O3", "-o", out}
	switch name {
	case "hnswlib":
		args = append(args, "-march=native", filepath.Join(dir, "hnswlib.cpp"), "-lpthread")
	case "faiss-sq8":
		args = append(args, "-DSQ8")
		fallthrough
	case "faiss":
		source := filepath.Join(dir, "faiss.cpp")
		if b.faiss == "debian" {
			args = append(args, "-fopenmp", source, "-lfaiss")
			break
		}
		built := filepath.Join(b.cache, "faiss-avx2")
		if _, err := os.Stat(filepath.Join(built, "libfaiss.a")); err != nil {
			if err := shell(exec.Command("sh", filepath.Join(dir, "faiss.sh"), built)); err != nil {
				return "", err
			}
		}
		args = append(args, "-mavx2", "-mfma", "-mf16c", "-mpopcnt", "-fopenmp", "-I"+built, source, filepath.Join(built, "libfaiss.a"), "-lopenblas")
	}
	return out, shell(exec.Command("g++", args...))
}

func shell(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: scripts/deps.sh bench installs what peers need", cmd, err)
	}
	return nil
}
