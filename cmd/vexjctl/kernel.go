// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/status"
	"vexj/kmod/device"
)

func newKernel() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kernel",
		Short: "Ask what is at work in the kernel: eBPF programs and the module",
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(
		newKernelVerb("status", "Show each producer: who records with it, its hooks and counters", printStatus),
		newKernelVerb("drops", "Show what was lost in the kernel, by cause and CPU", printDrops),
		newKernelVerb("hooks", "Show where producers look, and where they were to look and cannot", printHooks),
		newKernelPeek(), newKernelFilter(),
	)
	return cmd
}

const whoIsAsked = `

Running recorders are asked over their sockets in /run/vexj ($VEXJ_RUN_DIR), and
the kernel module, if it is loaded and no recorder speaks for it, by its device.
If nobody answers the exit code is 4.`

func newKernelVerb(use, short string, text func(*bufio.Writer, []status.Snapshot) error) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  short + "." + whoIsAsked,
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			all, err := producers()
			if len(all) == 0 {
				return err
			}
			shown := show(false, func(w *bufio.Writer) error {
				if out.format == "json" {
					return writeJSON(w, all)
				}
				return text(w, all)
			})
			return errors.Join(err, shown)
		},
	}
	out.flags(cmd, "text", "json")
	return cmd
}

// producers asks the recorders, and the module where none of them speaks for it.
// An error comes with the answers of the others.
func producers() ([]status.Snapshot, error) {
	all, err := status.Read(place.Run())
	for _, s := range all {
		if isModule(&s) {
			return all, err
		}
	}
	module, moduleErr := capture.ModuleSnapshot()
	switch {
	case moduleErr == nil:
		all = append(all, module)
		if errors.Is(err, status.ErrNone) {
			err = nil
		}
	case !errors.Is(moduleErr, device.ErrNoModule):
		err = errors.Join(err, moduleErr)
	}
	return all, unreachable(err)
}

// unreachable gives the error of nobody answering its exit code.
func unreachable(err error) error {
	if errors.Is(err, status.ErrNone) && exit.Code(err) == exit.Error {
		return exit.With(exit.Unreachable, err)
	}
	return err
}

func isModule(s *status.Snapshot) bool { return s.Producer == "kmod" }

// byDevice says whether it is the module that answered, and no recorder.
func byDevice(s *status.Snapshot) bool { return s.Started.IsZero() }
