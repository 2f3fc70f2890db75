// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/hnsw"
	"vexj/internal/quote"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
	"vexj/vector/collection"
)

func newVector() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vector",
		Short: "Keep vectors, and find the nearest",
		Long: `Keep vectors, and find the nearest. A collection is a folder: a store, a graph
over its vectors, and the journal of what is done to both, from which they can be made
again.`,
		Args: noArgs,
		RunE: needVerb,
	}
	cmd.AddCommand(newVectorImport(), newVectorGet(), newVectorSearch(), newVectorDelete(),
		newVectorStat(), newVectorVerify(), newVectorRebuild(), newVectorCompact())
	return cmd
}

// collectionError says what to do about an error of a collection.
func collectionError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrPermission):
		return exit.With(exit.Permission, err)
	case errors.Is(err, vector.ErrDamaged), errors.Is(err, hnsw.ErrSnapshot), errors.Is(err, hnsw.ErrCorrupt),
		errors.Is(err, collection.ErrDiffers), errors.Is(err, collection.ErrIncomplete), errors.Is(err, userjournal.ErrDamaged):
		return exit.With(exit.Verify, err)
	case errors.Is(err, vector.ErrNotFound):
		return exit.With(exit.NoMatch, err)
	}
	return err
}

// look calls fn with the collection in the folder, which it only looks at: as it was at
// its last checkpoint, if a writer keeps it from what came after that.
func look(dir string, fn func(*collection.Collection) error) error {
	k, err := collection.Open(dir, collection.Options{ReadOnly: true})
	if err != nil {
		return collectionError(err)
	}
	behind, err := k.Behind()
	if err == nil && behind {
		whole, werr := collection.Open(dir, collection.Options{})
		var locked *userjournal.LockedError
		switch {
		case errors.As(werr, &locked):
			fmt.Fprintf(os.Stderr, "vexjctl: %s is being changed by pid %d: this is what it was at its last checkpoint, without the changes since\n",
				quote.Text(dir), locked.PID)
		case werr != nil:
			err = werr
		default:
			err = k.Close()
			k = whole
		}
	}
	if err == nil {
		err = fn(k)
	}
	return collectionError(closed(k, err))
}

// closed closes what err came of. It may have an exit code alone, which Join would hide.
func closed(k *collection.Collection, err error) error {
	if cerr := k.Close(); cerr != nil {
		return errors.Join(err, cerr)
	}
	return err
}

// withCollection calls fn with the collection in the folder, which it changes.
func withCollection(dir string, fn func(*collection.Collection) error) error {
	k, err := collection.Open(dir, collection.Options{})
	if err != nil {
		return collectionError(err)
	}
	return collectionError(closed(k, fn(k)))
}

func parseVectorID(word string) (uint64, error) {
	id, err := strconv.ParseUint(word, 10, 64)
	if err != nil || id == 0 {
		return 0, exit.Usagef("%q is no id of a vector: give a number from 1 up", word)
	}
	return id, nil
}

// shownVector is a line of `vector get`; its schema is that of the man page.
type shownVector struct {
	ID     uint64          `json:"id"`
	Path   string          `json:"path,omitempty"`
	Dev    string          `json:"dev,omitempty"`
	Inode  uint64          `json:"inode,omitempty"`
	Tags   json.RawMessage `json:"tags,omitempty"`
	Vector []float32       `json:"vector"`
}

func newShown(c *vector.Config, it vector.Item) shownVector {
	s := shownVector{ID: it.ID, Path: it.Meta.Path, Inode: it.Meta.Inode, Vector: c.Decode(it.Raw, nil)}
	if it.Meta.Dev != 0 {
		s.Dev = fmt.Sprintf("%d:%d", it.Meta.Dev>>32, uint32(it.Meta.Dev))
	}
	if it.Meta.Tags != "" {
		s.Tags = json.RawMessage(it.Meta.Tags)
	}
	return s
}

func newVectorGet() *cobra.Command {
	return &cobra.Command{
		Use:   "get FOLDER [ID ...]",
		Short: "Print vectors as JSON, one a line: those of the ids, or all",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Usagef("give the folder of a collection")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return look(args[0], func(k *collection.Collection) error {
				c := k.Store().Config()
				return show(false, func(w *bufio.Writer) error {
					out := json.NewEncoder(w)
					if len(args) > 1 {
						return getVectors(k, args[1:], func(it vector.Item) error { return out.Encode(newShown(&c, it)) })
					}
					view, err := k.Store().View()
					if err != nil {
						return err
					}
					defer view.Close()
					return view.Each(func(it vector.Item) error { return out.Encode(newShown(&c, it)) })
				})
			})
		},
	}
}

func getVectors(k *collection.Collection, words []string, fn func(vector.Item) error) error {
	for _, word := range words {
		id, err := parseVectorID(word)
		if err != nil {
			return err
		}
		it, err := k.Store().Get(id)
		if err != nil {
			return err
		}
		if err := fn(it); err != nil {
			return err
		}
	}
	return nil
}

func newVectorDelete() *cobra.Command {
	return &cobra.Command{
		Use:   "delete FOLDER ID ...",
		Short: "Delete vectors, all of the ids or none",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return exit.Usagef("give the folder of a collection and ids")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var changes []vector.Change
			for _, word := range args[1:] {
				id, err := parseVectorID(word)
				if err != nil {
					return err
				}
				changes = append(changes, vector.Change{Op: uapi.VectorDelete, ID: id})
			}
			return withCollection(args[0], func(k *collection.Collection) error { return k.Change(changes) })
		},
	}
}

func newVectorRebuild() *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild FOLDER",
		Short: "Make store and graph from the journal alone",
		Long: `Make store and graph of a collection from its journal alone, and put them in the
place of what is there. Both come out as they were, to the last link.`,
		Args: exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := collection.Rebuild(args[0], collection.Options{}); err != nil {
				return collectionError(err)
			}
			return look(args[0], func(k *collection.Collection) error {
				d, err := k.Digest()
				if err == nil {
					fmt.Printf("%d vectors\nstore %s\ngraph %x\n", k.Len(), d.Store, d.Graph)
				}
				return err
			})
		},
	}
}

func newVectorCompact() *cobra.Command {
	return &cobra.Command{
		Use:   "compact FOLDER",
		Short: "Give back the room of vectors that are gone",
		Args:  exactArgs(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			return withCollection(args[0], func(k *collection.Collection) error { return k.Compact() })
		},
	}
}
