// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"vexj/cmd/internal/exit"
)

func main() {
	err := newCommand().Execute()
	if err != nil {
		fmt.Fprintf(os.Stderr, "vexjd: %v\n", err)
	}
	os.Exit(exit.Code(err))
}
