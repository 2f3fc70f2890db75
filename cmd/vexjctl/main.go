// SPDX-License-Identifier: Apache-2.0

// The process that `run` holds back until it becomes the command must not look
// at its control group now and then, as the Go runtime does: that is no doing of
// the command.
//
//go:debug updatemaxprocs=0

package main

import (
	"fmt"
	"os"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/held"
)

func main() {
	held.Child()
	args, err := commandLine(os.Args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s\n", err)
		os.Exit(exit.Code(err))
	}
	os.Exit(execute(args))
}
