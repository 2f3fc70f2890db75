// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/query"
)

// Shell completion of flags whose values are known. Registering fails only for
// a flag that the command does not have, which a test would notice.

func completeProducer(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("producer", fixed(capture.Producers))
}

func completeType(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("type", fixed(query.TypeWords()))
}

func completeJournal(cmd *cobra.Command) {
	_ = cmd.MarkFlagDirname("journal")
}

func completeCapture(cmd *cobra.Command) {
	completeProducer(cmd)
	completeFilter(cmd)
	completeJournal(cmd)
	_ = cmd.RegisterFlagCompletionFunc("durability", fixed([]string{"none", "interval", "batch", "record"}))
}

func completeFilter(cmd *cobra.Command) {
	completeType(cmd)
	_ = cmd.MarkFlagDirname("path")
	_ = cmd.MarkFlagFilename("filesystem")
}

func fixed(values []string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

func completeMount(cmd *cobra.Command) {
	completeType(cmd)
	completeJournal(cmd)
	_ = cmd.RegisterFlagCompletionFunc("data", fixed([]string{"all", "close", "none"}))
	_ = cmd.RegisterFlagCompletionFunc("journal-full", fixed([]string{"block", "drop"}))
	_ = cmd.RegisterFlagCompletionFunc("control", fixed(capture.ControlFolders))
}
