// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/userjournal"
)

func newJournalKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen FILE",
		Short: "Make a key to sign journals with",
		Long: `Make a key to sign journals with: the private half in FILE, which only its owner
may read, the public one in FILE.pub, for those who verify. Keep FILE where nobody
who may write to the journal can read it: who has it can forge both.`,
		Args: exactArgs(1, "the file to write to"),
		RunE: func(_ *cobra.Command, args []string) error {
			key := userjournal.NewSigningKey()
			if err := writeNew(args[0], 0o600, key.MarshalPEM()); err != nil {
				return err
			}
			if err := writeNew(args[0]+".pub", 0o644, key.Public().MarshalPEM()); err != nil {
				return errors.Join(err, os.Remove(args[0]))
			}
			fmt.Printf("%s\n%s.pub\n", args[0], args[0])
			return nil
		},
	}
}

// writeNew makes a file that must not be there, and makes it durable.
func writeNew(name string, mode fs.FileMode, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: remove it first, or give another name", name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// evidence is what verify is told to hold the journal against.
type evidence struct {
	key         string
	checkpoints []string
}

func (e *evidence) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.key, "key", "", "`file` with the public key that the segments must be signed with")
	cmd.Flags().StringArrayVar(&e.checkpoints, "checkpoint", nil,
		"`file` with lines that `vexjctl journal checkpoint` printed, or such a line (repeatable)")
}

func (e *evidence) read() (found userjournal.Evidence, err error) {
	if e.key != "" {
		text, err := os.ReadFile(e.key)
		if err != nil {
			return found, err
		}
		if found.Key, err = userjournal.ParsePublicKey(text); err != nil {
			return found, fmt.Errorf("%s: %w", e.key, err)
		}
	}
	for _, arg := range e.checkpoints {
		if c, err := userjournal.ParseCheckpoint(arg); err == nil {
			found.Checkpoints = append(found.Checkpoints, c)
			continue
		}
		if found.Checkpoints, err = readCheckpoints(found.Checkpoints, arg); err != nil {
			return found, err
		}
	}
	return found, nil
}

// readCheckpoints appends those of a file, in which empty lines and those that
// begin with # say nothing.
func readCheckpoints(to []userjournal.Checkpoint, name string) ([]userjournal.Checkpoint, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	n := len(to)
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c, err := userjournal.ParseCheckpoint(line)
		if err != nil {
			return nil, exit.With(exit.Usage, fmt.Errorf("%s, line %d: %w", name, i+1, err))
		}
		to = append(to, c)
	}
	if len(to) == n {
		return nil, exit.Usagef("%s: there is no checkpoint in it", name)
	}
	return to, nil
}

func newJournalCheckpoint() *cobra.Command {
	var dir, keyFile string
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print a line that a journal can be held against later",
		Long: `Print a line that stands for all records that are in the journal now, signed with
--key if there is one; of a set of shards, one for each. Keep it on another machine, or on paper: verify with
--checkpoint finds any record that was changed, dropped, moved or inserted since.
A recorder may be at work.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) (err error) {
			key, err := capture.SigningKey(keyFile)
			if err != nil {
				return err
			}
			r, err := openJournal(dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			printed := 0
			for _, shard := range r.Shards() {
				c, err := shard.Checkpoint()
				if errors.Is(err, userjournal.ErrEmpty) {
					continue
				}
				if err != nil {
					return err
				}
				if key != nil {
					c = key.Sign(c)
				}
				fmt.Println(c)
				printed++
			}
			if printed == 0 {
				return emptyJournal(dir)
			}
			return nil
		},
	}
	journalFlag(cmd, &dir)
	cmd.Flags().StringVar(&keyFile, "key", "", "`file` with the private key to sign with")
	return cmd
}
