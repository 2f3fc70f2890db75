// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"errors"
	"fmt"
	"io/fs"

	"vexj/hnsw"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
)

// Open opens a collection, and brings store and graph to the end of the journal, unless
// it is for reading only.
func Open(dir string, o Options) (*Collection, error) {
	o.fill()
	c, err := readConfig(o.FS, dir)
	if err != nil {
		return nil, fmt.Errorf("open collection: %w", err)
	}
	k := newCollection(dir, c, o)
	open := k.open
	if o.ReadOnly {
		open = k.look
	}
	if err := open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open collection: %w", err), k.release())
	}
	return k, nil
}

// look opens what the last checkpoint has. A writer may make another one meanwhile, and
// remove the files of the one before.
func (k *Collection) look() error {
	if k.options.Searches > 0 {
		return fmt.Errorf("%s: %w: searches have no records then", k.dir, ErrReadOnly)
	}
	last, tried := uint64(0), false
	for {
		err := k.lookOnce()
		if !errors.Is(err, fs.ErrNotExist) || k.store == nil || tried && k.store.Position() == last {
			return err
		}
		last, tried = k.store.Position(), true
		if err := k.store.Close(); err != nil {
			return err
		}
	}
}

func (k *Collection) lookOnce() (err error) {
	if k.store, err = vector.Open(k.path(storeName), vector.Options{ReadOnly: true, FS: k.options.FS}); err != nil {
		return err
	}
	if err := k.fits(); err != nil {
		return err
	}
	position := k.store.Position()
	k.graph, err = hnsw.Map(k.path(graphFile(position)), k.lookingConfig().Source)
	if errors.Is(err, fs.ErrNotExist) && position == 0 {
		k.graph, err = hnsw.New(k.lookingConfig())
	}
	if err != nil {
		return fmt.Errorf("%w; `vexjctl vector rebuild` makes it from the journal", err)
	}
	return nil
}

// lookingConfig is that of a graph without records.
func (k *Collection) lookingConfig() hnsw.Config {
	c := k.graphConfig()
	c.Sink, c.Run, c.Searches = nil, nil, 0
	return c
}

// Behind reports whether the journal has changes that are not in the collection: of a
// writer that is at work, or was interrupted. There are none unless it was opened for
// reading only.
func (k *Collection) Behind() (behind bool, err error) {
	if !k.options.ReadOnly {
		return false, nil
	}
	r, err := userjournal.OpenFS(k.options.JournalFS, k.path(journalName))
	if errors.Is(err, userjournal.ErrEmpty) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	err = r.Scan(userjournal.ScanOptions{From: k.store.Position() + 1}, func(_ uint64, rec uapi.Record) error {
		switch rec.Type() {
		case uapi.VectorCreate, uapi.VectorUpdate, uapi.VectorDelete:
			behind = true
			return userjournal.ErrStop
		}
		return nil
	})
	if errors.Is(err, userjournal.ErrEmpty) {
		err = nil
	}
	return behind, err
}

// fits: the store is of what the collection is of.
func (k *Collection) fits() error {
	if k.store.Config() != k.config.Config {
		return fmt.Errorf("%s: %w: the store is of other vectors than the collection is said to be", k.dir, ErrDiffers)
	}
	return nil
}

func (k *Collection) open() error {
	replay, err := k.load()
	if err != nil {
		return err
	}
	dropped, err := replay.End()
	if err != nil {
		return err
	}
	k.opened.Changes, k.opened.Dropped = replay.Changes(), dropped
	k.since = int(replay.Changes())
	if n, m := k.store.Len(), k.graph.Len(); n != m {
		return fmt.Errorf("%s: %w: the store has %d vectors and the graph %d; `vexjctl vector rebuild` makes both from the journal",
			k.dir, ErrDiffers, n, m)
	}
	return nil
}

// load opens the parts, and does again what the journal has behind them. The replay is
// not ended.
func (k *Collection) load() (_ *Replay, err error) {
	// The writer first: it cuts off what is torn, and keeps others out.
	if err := k.openJournal(); err != nil {
		return nil, err
	}
	if k.store, err = vector.Open(k.path(storeName), k.storeOptions()); err != nil {
		return nil, err
	}
	if err := k.fits(); err != nil {
		return nil, err
	}
	if err := k.sweep(); err != nil {
		return nil, err
	}
	if err := k.loadGraph(); err != nil {
		return nil, err
	}
	replay := NewReplay(k.store, k.graph)
	return replay, k.catchUp(replay)
}

// loadGraph reads the snapshot, if one was ever made.
func (k *Collection) loadGraph() (err error) {
	position := k.store.Position()
	name := k.path(graphFile(position))
	f, err := k.options.FS.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if position == 0 {
			k.graph, err = k.newGraph()
			return err
		}
		return fmt.Errorf("%s: %w: it is not there, and the store goes on behind it; `vexjctl vector rebuild` makes both from the journal",
			name, ErrDiffers)
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if k.graph, err = hnsw.Load(name, k.graphConfig()); err != nil {
		return fmt.Errorf("%w; `vexjctl vector rebuild` makes it from the journal", err)
	}
	return nil
}

// catchUp does again what the journal has behind the store's position.
func (k *Collection) catchUp(replay *Replay) (err error) {
	r, err := userjournal.OpenFS(k.options.JournalFS, k.path(journalName))
	if errors.Is(err, userjournal.ErrEmpty) {
		return k.check(0, 0)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	info, err := r.Info()
	if err != nil {
		return err
	}
	replay.at = info.LastOrdinal
	if err := k.check(info.FirstOrdinal, info.LastOrdinal); err != nil {
		return err
	}
	k.opened.From = k.store.Position() + 1
	if k.opened.From <= info.LastOrdinal {
		err = r.Scan(userjournal.ScanOptions{From: k.opened.From}, func(ordinal uint64, rec uapi.Record) error {
			k.opened.Records++
			k.ids(rec)
			replay.at = ordinal
			_, err := replay.Apply(rec)
			return err
		})
		if err != nil && !errors.Is(err, userjournal.ErrEmpty) {
			return err
		}
	}
	return nil
}

// ids makes those of this run larger than all that the journal has.
func (k *Collection) ids(rec uapi.Record) {
	switch rec.Producer() {
	case uapi.ProducerVector:
		k.vectors.After(rec.EventID())
	case uapi.ProducerHNSW:
		k.nodes.After(rec.EventID())
	}
}

// check: the journal goes from where the store is to its own end.
func (k *Collection) check(first, last uint64) error {
	at := k.store.Position()
	switch {
	case at > last:
		return fmt.Errorf("%s: %w: the journal ends with record %d, and the store has seen record %d; it is not the journal of this store, or an older copy",
			k.dir, ErrIncomplete, last, at)
	case at+1 < first:
		return fmt.Errorf("%s: %w: the journal begins with record %d, and the store ends with record %d; what is between was removed",
			k.dir, ErrIncomplete, first, at)
	}
	return nil
}
