// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/spf13/cobra"
)

const canaryText = "vexj was here\n"

// newCanary is the process that `doctor` watches: a recorder never records what
// it does itself.
func newCanary() *cobra.Command {
	return &cobra.Command{
		Use:    "canary FILE",
		Short:  "Write a line into a new file",
		Hidden: true,
		Args:   exactArgs(1, "one file"),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			if _, err := f.WriteString(canaryText); err != nil {
				return err
			}
			return f.Close()
		},
	}
}
