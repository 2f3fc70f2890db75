// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/spf13/cobra"

	"vexj/agent/subscribe"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/terminal"
	"vexj/cmd/internal/top"
	"vexj/uapi"
)

// topFlags are those of top.
type topFlags struct {
	out     output
	journal string
	socket  string
	delay   time.Duration
	once    bool
	rows    int
}

func newTop() *cobra.Command {
	var f topFlags
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Show what goes on now: sessions, paths, writers, losses",
		Long: `Show what goes on now: sessions, hottest paths, writers, vector operations, rates and
losses, of the last ten to twenty seconds. Records come from the recorder that serves
agents, or from a journal that is followed: that of --journal, or the default one where no
recorder answers. With --once one picture is printed, of so long as --delay says.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			color, err := f.out.check()
			if err != nil {
				return err
			}
			if f.delay < 10*time.Millisecond || f.rows < 1 {
				return exit.Usagef("--delay is at least 10ms, and --rows at least 1")
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return f.run(ctx, color)
		},
	}
	f.out.flags(cmd, "text", "json")
	fs := cmd.Flags()
	fs.StringVar(&f.journal, "journal", "", "follow the journal in this `folder`, and ask no recorder")
	completeJournal(cmd)
	socketFlagOnly(cmd, &f.socket)
	fs.DurationVarP(&f.delay, "delay", "d", time.Second, "look again after this `time`")
	fs.BoolVar(&f.once, "once", false, "print one picture, and exit")
	fs.IntVar(&f.rows, "rows", 10, "with --once, the `number` of rows of each table")
	return cmd
}

func (f *topFlags) run(ctx context.Context, color bool) error {
	board := top.NewBoard()
	source, feed, err := f.source(ctx, board)
	if err != nil {
		return err
	}
	if f.once || f.out.format == "json" {
		return f.print(ctx, board, feed, color)
	}
	if !terminal.Is(os.Stdout) {
		return exit.Usagef("standard output is no terminal; use --once")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := top.NewModel(board, source, f.delay, color)
	p := tea.NewProgram(m, tea.WithAltScreen(), tea.WithContext(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Send(top.Ended{Err: feed(ctx)})
	}()
	_, err = p.Run()
	cancel()
	<-ended
	if errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, context.Canceled) {
		err = nil
	}
	if failed := m.Err(); failed != nil && !errors.Is(failed, context.Canceled) {
		err = errors.Join(err, failed)
	}
	return err
}

// print prints one picture.
func (f *topFlags) print(ctx context.Context, board *top.Board, feed func(context.Context) error, color bool) error {
	ctx, cancel := context.WithTimeout(ctx, f.delay)
	defer cancel()
	err := feed(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	p := board.Picture(f.rows, false)
	if f.out.format == "json" {
		return writeJSON(os.Stdout, p)
	}
	_, err = fmt.Print(p.Text(top.Style{Color: color}))
	return err
}

// source is where records come from, and what feeds them to the board until its
// context ends.
func (f *topFlags) source(ctx context.Context, board *top.Board) (name string, feed func(context.Context) error, err error) {
	if f.journal == "" {
		client, socket, err := dialOnly(ctx, f.socket)
		if err == nil {
			client.Close()
			return "at " + socket, func(ctx context.Context) error {
				return subscribe.Run(ctx, subscribe.Options{Socket: socket, Skip: true}, func(e *subscribe.Event) error {
					if e.Record != nil {
						board.Add(e.Record)
					} else if e.Gap != nil {
						board.Missed(e.Gap.Missed)
					}
					return nil
				})
			}, nil
		}
		if f.socket != "" || exit.Code(err) != exit.Unreachable {
			return "", nil, err
		}
		f.journal = place.Journal()
	}
	set, err := openJournal(f.journal)
	if err != nil {
		return "", nil, err
	}
	end, err := set.End()
	if err != nil {
		return "", nil, errors.Join(err, set.Close())
	}
	return "of " + f.journal, func(ctx context.Context) error {
		err := set.Follow(ctx, end, func(_ uint64, rec uapi.Record) error {
			board.Add(rec)
			return nil
		})
		return errors.Join(err, set.Close())
	}, nil
}
