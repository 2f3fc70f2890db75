// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/version"
)

// execute runs the command line and returns its exit code.
func execute(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	if err != nil && !exit.Silent(err) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", cmd.CommandPath(), err)
		if exit.Code(err) == exit.Usage {
			fmt.Fprintf(os.Stderr, "See '%s --help'.\n", cmd.CommandPath())
		}
	}
	return exit.Code(err)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "vexjctl",
		Short: "Record what processes do to files, and read the journal of it",
		Long: `Record what processes do to files, and read the journal of it.

Exit codes: 0 done, 1 error, 2 wrong command line, 3 nothing matched, 4 no
recorder answers, 5 no permission, 6 records were lost (with --strict), 7 the
journal does not verify.`,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          needVerb,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit.With(exit.Usage, err) })
	root.AddCommand(
		newRecord(), newRun(), newIntent(), newContext(), newMount(), newUmount(),
		newLog(), newWatch(), newWait(), newTop(), newShow(), newStat(), newVerify(), newJournal(),
		newWhy(), newImpact(), newBlame(), newSession(), newReport(), newMCP(),
		newConvert(), newExport(), newImport(), newKernel(), newDoctor(), newCanary(),
		newSearch(), newVector(), newGraph(),
	)
	root.AddCommand(newReplay(), newBoundary(), newExplain(), newBugtool())
	return root
}

// needVerb is what a command with verbs below it does by itself.
func needVerb(cmd *cobra.Command, _ []string) error {
	_ = cmd.Help()
	return exit.With(exit.Usage, errors.New("a verb is missing"))
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return exit.Usagef("there is no verb %q", args[0])
	}
	return exit.Usagef("it takes no argument, not %q", args[0])
}

func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return exit.Usagef("give exactly %s", what)
		}
		return nil
	}
}
