// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
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
	machines := flag.Int("j", runtime.NumCPU(), "`machines` at a time, of one CPU and 2 GB each")
	verbose := flag.Bool("v", false, "print each outcome as it comes")
	here := flag.Bool("inside", false, "run on this machine and print outcomes for another copy")
	lacking := flag.String("lacking", "", "with -inside: `list` of producers that this kernel need not take")
	var in inside
	flag.StringVar(&in.module, "module", "", "with -inside: the kernel module's `file`, to load")
	flag.StringVar(&in.selftest, "selftest", "", "with -inside: the `file` of the module that uses the module, for -tests")
	flag.StringVar(&in.tests, "tests", "", "with -inside: the `program` that tests the module's device")
	flag.StringVar(&in.scripts, "scripts", "", "with -inside: the `program` that tests vexjctl")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var err error
	if *here {
		in.rows, in.storm, in.out, in.lacking = *rows, *operations, os.Stdout, strings.Split(*lacking, ",")
		err = in.start(*producers, *filesystems)
	} else {
		m := matrix{
			kernels: strings.Split(*kernels, ","), producers: strings.Split(*producers, ","),
			filesystems: *filesystems, rows: *rows, storm: *operations, machines: max(*machines, 1), verbose: *verbose,
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

// start runs with lists of producers and filesystems.
func (in *inside) start(producers, filesystems string) (err error) {
	if in.sources, err = pick(strings.Split(producers, ",")); err != nil {
		return err
	}
	if in.filesystems, err = parseFilesystems(filesystems); err != nil {
		return err
	}
	return in.run()
}
