// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector/collection"
)

// replayedVectors is what came of a collection; its schema is that of the man page.
type replayedVectors struct {
	Name       string `json:"name"`
	Vectors    int    `json:"vectors"`
	Selected   bool   `json:"selected"` // with a graph of its own
	StoreSHA   string `json:"store_digest,omitempty"`
	GraphSHA   string `json:"graph_digest,omitempty"`
	Incomplete int    `json:"incomplete"`
	Adopted    uint64 `json:"adopted"`
	Missing    uint64 `json:"missing"`
}

func (k *replayedVectors) print(w *bufio.Writer, line func(uint64, string)) {
	line(uint64(k.Incomplete), "changes that the journal does not have all of: they are left out")
	line(k.Adopted, "vectors were there before what was replayed begins")
	line(k.Missing, "vectors were deleted that are not in what was replayed")
	if k.Selected {
		fmt.Fprintf(w, "  a graph of its own, since conditions left something out\n")
	}
	if k.StoreSHA != "" {
		fmt.Fprintf(w, "  store %s\n  graph %s\n", k.StoreSHA, k.GraphSHA)
	}
}

// A remadeCollection is a collection of vectors that is made.
type remadeCollection struct {
	f     *replayFlags
	dir   string
	name  string
	drops func() error // a dry run's folder goes

	// One of the two.
	whole  *collection.Restore
	some   *collection.Selection
	k      *collection.Collection // of some
	ended  bool
	cut    int
	digest collection.Digests
}

func (f *replayFlags) checkCollection() error {
	switch {
	case f.devices:
		return exit.Usagef("--devices is for a tree")
	case f.producer != "":
		return exit.Usagef("--producer is for a tree: which records are of a collection is known")
	}
	return nil
}

// selective: conditions may leave out records in the middle, not the last ones alone.
func (f *replayFlags) selective() bool {
	for _, flag := range f.given() {
		if flag.Name != "until" {
			return true
		}
	}
	return false
}

func (f *replayFlags) openCollection(set *userjournal.Set) (_ remade, err error) {
	c, err := toldOf(set, f.from)
	if err != nil {
		return nil, err
	}
	f.from = c.Name
	t := &remadeCollection{f: f, dir: f.into, name: c.Name, drops: func() error { return nil }}
	if f.dryRun {
		tmp, err := os.MkdirTemp("", "vexjctl-replay-")
		if err != nil {
			return nil, err
		}
		t.dir, t.drops = filepath.Join(tmp, "collection"), func() error { return os.RemoveAll(tmp) }
	}
	if err := t.open(c); err != nil {
		return nil, collectionError(errors.Join(err, t.drops()))
	}
	return t, nil
}

func (t *remadeCollection) open(c collection.Config) (err error) {
	again := t.f.o.Resume
	if !t.f.selective() {
		if again {
			t.whole, err = collection.OpenRestore(t.dir, c, collection.Options{})
		} else {
			t.whole, err = collection.NewRestore(t.dir, c, collection.Options{})
		}
		return err
	}
	if again {
		t.k, err = collection.Open(t.dir, collection.Options{})
	} else {
		t.k, err = collection.Create(t.dir, c, collection.Options{})
	}
	if err == nil {
		t.some = collection.NewSelection(t.k)
	}
	return err
}

// toldOf finds out which collections a journal tells of, and returns that of the name:
// of the only one, if none is given.
func toldOf(set *userjournal.Set, name string) (c collection.Config, err error) {
	found := map[string]collection.Config{}
	o := userjournal.ScanOptions{Keys: [][]userjournal.Key{{userjournal.TypeKey(uapi.VectorIndex)}}}
	err = set.Scan(o, func(_ uint64, rec uapi.Record) error {
		c, ok, err := collection.ConfigOf(rec)
		if ok {
			found[c.Name] = c
		}
		return err
	})
	if err != nil {
		return c, err
	}
	c, ok := found[name]
	if name == "" && len(found) == 1 {
		for _, c = range found {
			ok = true
		}
	}
	if ok {
		return c, nil
	}
	if len(found) == 0 {
		return c, exit.With(exit.NoMatch, errors.New("the journal tells of no collection of vectors; that of one is the folder journal in it"))
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		names = append(names, quote.String(name))
	}
	return c, exit.Usagef("say with --from which collection of the journal shall be made: %s", strings.Join(names, ", "))
}

func (t *remadeCollection) target() replay.Target {
	r := &replay.Records{End: t.end, State: t.state}
	if t.whole != nil {
		r.Apply, r.Marks = t.whole.Apply, t.whole
	} else {
		r.Apply, r.Marks = t.some.Apply, t.some
	}
	return r
}

func (t *remadeCollection) end() (err error) {
	if t.whole != nil {
		if t.cut, err = t.whole.End(); err != nil {
			return err
		}
		t.digest, err = t.whole.Digests()
	} else {
		if err = t.k.Checkpoint(); err != nil {
			return err
		}
		t.digest, err = t.k.Digest()
	}
	t.ended = err == nil
	return err
}

// state names what was made, when it is.
func (t *remadeCollection) state() (d replay.Digest, err error) {
	if t.ended {
		h := sha256.New()
		h.Write(t.digest.Store[:])
		h.Write(t.digest.Graph[:])
		h.Sum(d[:0])
	}
	return d, nil
}

func (t *remadeCollection) close() error {
	var err error
	if t.whole != nil {
		err = t.whole.Close()
	} else {
		err = t.k.Close()
	}
	return errors.Join(err, t.drops())
}

func (t *remadeCollection) say(v *replayed) error {
	k := &replayedVectors{Name: t.name, Selected: t.some != nil, Incomplete: t.cut}
	if t.whole != nil {
		k.Vectors = t.whole.Len()
	} else {
		k.Vectors, k.Adopted, k.Missing = t.k.Len(), t.some.Adopted, t.some.Missing
	}
	v.Vectors = k
	if !v.Complete {
		return nil
	}
	k.StoreSHA, k.GraphSHA = t.digest.Store.String(), hex.EncodeToString(t.digest.Graph[:])
	var err error
	v.Differences, err = t.differences()
	return collectionError(err)
}

// differences holds what was made against itself, and to another collection.
func (t *remadeCollection) differences() (out []replay.Difference, err error) {
	if t.f.validate {
		r, err := t.verify()
		if err != nil {
			return nil, err
		}
		for _, d := range r.Damage {
			out = append(out, replay.Difference{Path: t.dir, What: "collection", Want: "sound", Have: d.Error()})
		}
	}
	if t.f.compare == "" {
		return out, nil
	}
	k, err := collection.Open(t.f.compare, collection.Options{})
	if err != nil {
		return nil, err
	}
	want, err := k.Digest()
	if err = errors.Join(err, k.Close()); err != nil {
		return nil, err
	}
	if want.Store != t.digest.Store {
		out = append(out, replay.Difference{Path: t.f.compare, What: "store", Want: want.Store.String(), Have: t.digest.Store.String()})
	}
	if want.Graph != t.digest.Graph {
		out = append(out, replay.Difference{Path: t.f.compare, What: "graph", Want: hex.EncodeToString(want.Graph[:]), Have: hex.EncodeToString(t.digest.Graph[:])})
	}
	return out, nil
}

func (t *remadeCollection) verify() (collection.Report, error) {
	if t.whole != nil {
		return t.whole.Verify()
	}
	return t.k.Verify()
}
