// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var (
	dir    = flag.String("dir", ".", "`folder` on the filesystem to measure on")
	only   = flag.String("only", "", "`part` to measure: names, data or programs; all if empty")
	which  = flag.String("peers", "", "`names` of peers, with commas; all if empty")
	rounds = flag.Int("rounds", 3, "`number` of rounds, of which the median counts")
	files  = flag.Int("files", 20000, "`number` of files of the part names")
	size   = flag.Int("size", 256, "`MiB` of the file of the part data")
	keep   = flag.String("vexjctl", "", "`path` of vexjctl; built if empty")
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == workerMark {
		worker(os.Args[2:])
		return
	}
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/fuse:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	base, err := os.MkdirTemp(*dir, "bench-fuse-")
	if err != nil {
		return err
	}
	if base, err = filepath.Abs(base); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(base)) }()
	all, err := peers(base)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if *only != "" && p.name != *only {
			continue
		}
		if err := measure(p, all, base); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// wanted says whether a name is in a list with commas, or the list is empty.
func wanted(list, name string) bool {
	if list == "" {
		return true
	}
	for one := range strings.SplitSeq(list, ",") {
		if one == name {
			return true
		}
	}
	return false
}
