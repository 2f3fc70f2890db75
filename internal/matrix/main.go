// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"vexj/internal/conformance"
	"vexj/internal/storm"
)

func main() {
	conformance.Hook()
	storm.Hook()
	kernels := flag.String("kernels", "5.10,6.1,6.12,7.x", "`list` of kernels: those of scripts/vm.sh, or native")
	producers := flag.String("producers", "kmod,bpf-vfs,bpf-syscall", "`list` of producers")
	rows := flag.String("run", "", "run rows whose name has this `part`, or that have this kind")
	operations := flag.Int("storm", 20_000, "operations of a storm; 0: no storms")
	filesystems := flag.String("filesystems", "", "`list` of filesystems (default: all that the kernel's machine has)")
	verbose := flag.Bool("v", false, "print each outcome as it comes")
	here := flag.Bool("inside", false, "run on this machine and print outcomes for another copy")
	lacking := flag.String("lacking", "", "with -inside: `list` of producers that this kernel need not take")
	module := flag.String("module", "", "with -inside: the kernel module's `file`, to load")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var err error
	if *here {
		err = runInside(*producers, *lacking, *filesystems, *module, *rows, *operations)
	} else {
		m := matrix{
			kernels: strings.Split(*kernels, ","), producers: strings.Split(*producers, ","),
			filesystems: *filesystems, rows: *rows, storm: *operations, verbose: *verbose,
		}
		err = m.run(ctx)
	}
	switch {
	case errors.Is(err, errFailed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "matrix: %v\n", err)
		os.Exit(2)
	}
}

func runInside(producers, lacking, filesystems, module, rows string, operations int) error {
	s, err := pick(strings.Split(producers, ","))
	if err != nil {
		return err
	}
	fs, err := parseFilesystems(filesystems)
	if err != nil {
		return err
	}
	in := inside{sources: s, filesystems: fs, module: module, rows: rows, storm: operations, out: os.Stdout, lacking: strings.Split(lacking, ",")}
	return in.run()
}
