// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
	"vexj/userjournal"
)

// journalFlag adds --journal to a verb that reads.
func journalFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "journal", place.Journal(), "`folder` of the journal or of a set of shards; $VEXJ_JOURNAL sets the default")
	completeJournal(cmd)
}

// openJournal opens a journal for reading, of one or of many shards, and says what
// to do if it cannot.
func openJournal(dir string) (*userjournal.Set, error) {
	s, err := userjournal.OpenSet(dir)
	if err != nil {
		return nil, openError(dir, err)
	}
	return s, nil
}

// eachShard calls fn for each shard of a journal, or for the journal, if it has
// none; all are looked after, whatever becomes of the first.
func eachShard(dir string, fn func(i, shards int, dir string) error) error {
	dirs, err := userjournal.ShardDirs(dir)
	if err != nil {
		return openError(dir, err)
	}
	var errs []error
	for i, dir := range dirs {
		errs = append(errs, openError(dir, fn(i, len(dirs), dir)))
	}
	return errors.Join(errs...)
}

func openError(dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrPermission):
		return exit.With(exit.Permission, fmt.Errorf("%w; read it as the user who recorded it, or as root", err))
	case errors.Is(err, userjournal.ErrEmpty):
		return emptyJournal(dir)
	case errors.Is(err, userjournal.ErrNotJournal), errors.Is(err, syscall.ENOTDIR):
		if !errors.Is(err, userjournal.ErrNotJournal) {
			err = fmt.Errorf("%w: %w", userjournal.ErrNotJournal, err)
		}
		return fmt.Errorf("%w; say which folder with --journal, or make one with `vexjctl record`", err)
	}
	return err
}

func emptyJournal(dir string) error {
	return exit.With(exit.NoMatch, fmt.Errorf("%s: %w; record into it with `vexjctl record`", dir, userjournal.ErrEmpty))
}
