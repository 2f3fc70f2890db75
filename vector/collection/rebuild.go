// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
)

// Rebuild makes store and graph from the journal alone, and puts them in the place of
// what is there. Nothing of the old ones is removed before the new ones are complete.
func Rebuild(dir string, o Options) (err error) {
	o.fill()
	c, err := readConfig(o.FS, dir)
	if err != nil {
		// The journal says it too.
		found, jerr := configOf(dir, &o)
		if jerr != nil {
			return errors.Join(err, jerr)
		}
		if err := writeConfig(o.FS, dir, &found); err != nil {
			return err
		}
		c = found
	}
	lock, err := o.JournalFS.Lock(filepath.Join(dir, journalName, "LOCK"))
	if err != nil {
		return err
	}
	unlock := func() error {
		l := lock
		if lock = nil; l == nil {
			return nil
		}
		return l.Close()
	}
	defer func() { err = errors.Join(err, unlock()) }()
	tmp := filepath.Join(dir, "rebuild.tmp")
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	graph, err := build(dir, tmp, c, o)
	if err != nil {
		return errors.Join(fmt.Errorf("rebuild collection: %w", err), os.RemoveAll(tmp))
	}
	// From here on opening goes on from the new ones, or says that the store is missing.
	if err := os.RemoveAll(filepath.Join(dir, storeName)); err != nil {
		return err
	}
	for _, name := range []string{graph, storeName} {
		if err := o.FS.Rename(filepath.Join(tmp, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return errors.Join(o.FS.SyncDir(dir), os.RemoveAll(tmp))
}

// build replays the journal into a store and a graph in another directory, and returns
// the name of the graph's snapshot.
func build(dir, tmp string, c Config, o Options) (graph string, err error) {
	if err := o.FS.MkdirAll(tmp); err != nil {
		return "", err
	}
	k := newCollection(tmp, c, o)
	if k.store, err = vector.Create(k.path(storeName), c.Config, vector.Options{FS: o.FS}); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, k.release()) }()
	if k.graph, err = k.newGraph(); err != nil {
		return "", err
	}
	r, err := userjournal.OpenFS(o.JournalFS, filepath.Join(dir, journalName))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	replay, last := NewReplay(k.store, k.graph), uint64(0)
	err = r.Scan(userjournal.ScanOptions{From: 1}, func(ordinal uint64, rec uapi.Record) error {
		last = ordinal
		_, err := replay.Apply(rec)
		return err
	})
	if err != nil {
		return "", err
	}
	if _, err := replay.End(); err != nil {
		return "", err
	}
	if err := k.keep(last); err != nil {
		return "", err
	}
	return graphFile(last), k.store.Close()
}

// configOf finds what a collection is of in its journal.
func configOf(dir string, o *Options) (c Config, err error) {
	r, err := userjournal.OpenFS(o.JournalFS, filepath.Join(dir, journalName))
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	found := false
	err = r.Scan(userjournal.ScanOptions{Keys: [][]userjournal.Key{{userjournal.TypeKey(uapi.VectorIndex)}}}, func(_ uint64, rec uapi.Record) error {
		if c, found, err = ConfigOf(rec); found {
			return userjournal.ErrStop
		}
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("%s: %w: its journal does not say what it is of", dir, ErrNotCollection)
	}
	return c, err
}
