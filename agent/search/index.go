// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vexj/hnsw"
	"vexj/internal/disk"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
	"vexj/vector/collection"
	"vexj/vector/embed"
)

var (
	// ErrModel: the index was made by another embedder.
	ErrModel = errors.New("the index is of another model")
	// ErrBusy: another process has the index open, and has had it for long.
	ErrBusy = errors.New("the index is in use")
	// ErrQuery: a text has no word in it.
	ErrQuery = errors.New("nothing to search for")
)

// Options of an index. The zero value is lexical, beside the journal.
type Options struct {
	Dir      string         // "": JOURNAL.search
	Embedder embed.Embedder // nil: embed.NewLexical, whose state is kept
	// Files reads text files whose paths are in the journal.
	Files bool
	// Wait is for how long another process may have the index; 0: ten seconds.
	Wait time.Duration
}

// lexicalDims tell some hundred words apart.
const lexicalDims = 1024

// An Index is open in one process at a time. One goroutine may update it, any number
// may search.
type Index struct {
	dir      string
	options  Options
	embedder embed.Embedder
	lexical  *embed.Lexical // the embedder, if it is one
	set      *userjournal.Set
	c        *collection.Collection
	at       userjournal.Position
}

// Open opens the index of a journal, and makes an empty one if there is none.
func Open(journal string, o Options) (*Index, error) {
	x := &Index{dir: o.Dir, options: o, embedder: o.Embedder}
	if x.dir == "" {
		x.dir = strings.TrimRight(filepath.Clean(journal), "/") + ".search"
	}
	if x.embedder == nil {
		x.embedder = embed.NewLexical(lexicalDims)
	}
	x.lexical, _ = x.embedder.(*embed.Lexical)
	var err error
	if x.set, err = userjournal.OpenSet(journal); err != nil {
		return nil, err
	}
	if err := x.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the index of %s: %w", journal, err), x.set.Close())
	}
	return x, nil
}

const (
	stateName   = "STATE"
	lexicalName = "LEXICAL"
	vectorsName = "vectors"
)

// state is how far the journal was read.
type state struct {
	Version  int    `json:"version"`
	Model    string `json:"model"`
	Position string `json:"position"`
}

func (x *Index) open() (err error) {
	if err := os.MkdirAll(x.dir, 0o700); err != nil {
		return err
	}
	st := state{Position: "0"}
	text, err := os.ReadFile(filepath.Join(x.dir, stateName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case json.Unmarshal(text, &st) != nil || st.Version != 1:
		return fmt.Errorf("%s: %w: %s cannot be read; remove the folder, it is made again", x.dir, vector.ErrDamaged, stateName)
	case st.Model != x.embedder.Model():
		return fmt.Errorf("%s: %w: %q, and not %q; give that one, or another folder, or remove it", x.dir, ErrModel, st.Model, x.embedder.Model())
	}
	if x.at, err = x.set.ParsePosition(st.Position); err != nil {
		return fmt.Errorf("%s is not of this journal; remove the folder, it is made again: %w", x.dir, err)
	}
	if err := x.openVectors(); err != nil {
		return err
	}
	if x.lexical == nil || st.Position == "0" {
		return nil
	}
	learned, err := os.ReadFile(filepath.Join(x.dir, lexicalName))
	if err == nil {
		err = x.lexical.UnmarshalBinary(learned)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%w; remove %s, it is made again", err, x.dir), x.c.Close())
	}
	return nil
}

func (x *Index) openVectors() (err error) {
	dir := filepath.Join(x.dir, vectorsName)
	wait := x.options.Wait
	if wait == 0 {
		wait = 10 * time.Second
	}
	for until := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		x.c, err = collection.Open(dir, collection.Options{})
		if errors.Is(err, collection.ErrNotCollection) {
			x.c, err = x.create(dir)
		}
		if !errors.Is(err, userjournal.ErrLocked) {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%w: %w; try again, or give a folder of your own", ErrBusy, err)
		}
	}
}

func (x *Index) create(dir string) (*collection.Collection, error) {
	dims := x.embedder.Dims()
	if dims == 0 {
		// A model says how many its vectors have by making one.
		vs, err := x.embedder.Embed(context.Background(), embed.Document, []string{"dimensions"})
		if err != nil {
			return nil, err
		}
		dims = len(vs[0])
	}
	return collection.Create(dir, collection.Config{
		Config: vector.Config{Name: "search", Dims: dims, Metric: uapi.MetricCosine},
		Codes:  hnsw.SQ8, EfConstruction: 64, Model: x.embedder.Model(),
	}, collection.Options{})
}

// Len is how much can be found.
func (x *Index) Len() int { return x.c.Len() }

// Dir is the folder.
func (x *Index) Dir() string { return x.dir }

// Close keeps what was taken in.
func (x *Index) Close() error { return errors.Join(x.c.Close(), x.set.Close()) }

// save notes how far the journal was read, behind what was taken in of it.
func (x *Index) save() error {
	if err := x.c.Sync(); err != nil {
		return err
	}
	if x.lexical != nil {
		learned, err := x.lexical.MarshalBinary()
		if err != nil {
			return err
		}
		if err := disk.ReplaceWith(filepath.Join(x.dir, lexicalName), 0o600, learned); err != nil {
			return err
		}
	}
	text, err := json.Marshal(state{1, x.embedder.Model(), x.at.String()})
	if err != nil {
		return err
	}
	return disk.ReplaceWith(filepath.Join(x.dir, stateName), 0o600, append(text, '\n'))
}

// idOf is the id of a document, whose parts say what it is: the first eight bytes of
// their SHA-256, none of the two that a vector cannot have.
func idOf(parts ...string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return min(max(binary.LittleEndian.Uint64(sum[:]), 1), 1<<64-2)
}
