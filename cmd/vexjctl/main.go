// SPDX-License-Identifier: Apache-2.0

// The process that `run` holds back until it becomes the command must not look
// at its control group now and then, as the Go runtime does: that is no doing of
// the command.
//
//go:debug updatemaxprocs=0

package main

import (
	"os"

	"vexj/cmd/internal/held"
)

func main() {
	held.Child()
	os.Exit(execute(os.Args[1:]))
}
