// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
)

// ConfigOf returns of what a collection is by a record of its journal: the
// VECTOR_INDEX that a run begins with. ok is false for any other record.
func ConfigOf(rec uapi.Record) (c Config, ok bool, err error) {
	if rec.Type() != uapi.VectorIndex || len(rec.Metadata()) == 0 {
		return c, false, nil
	}
	c, err = unmarshal(rec.Metadata())
	return c, err == nil, err
}

// A Restore makes a collection of another one's records: the same store, the same
// graph, and a journal of the records that they were made of. Until its End the
// directory is no collection. For one goroutine.
//
// A record is in the journal when store and graph have it, so that a restore which
// was killed is gone on with from what its own journal has: see [Restore.Save].
type Restore struct {
	k      *Collection
	replay *Replay  // its at is the last ordinal of the journal
	last   uint64   // event id of the last record of the journal
	has    []uint64 // records behind the point that was loaded, which come again
	failed error
	ended  bool
	whole  bool // the directory is a collection
}

// NewRestore begins to make a collection in a directory that is missing or empty.
func NewRestore(dir string, c Config, o Options) (*Restore, error) {
	o.fill()
	c.settle()
	k := newCollection(dir, c, o)
	if err := k.clear(); err != nil {
		return nil, fmt.Errorf("restore collection: %w", err)
	}
	if err := k.createParts(); err != nil {
		return nil, errors.Join(fmt.Errorf("restore collection: %w", err), k.release())
	}
	return &Restore{k: k, replay: NewReplay(k.store, k.graph)}, nil
}

// OpenRestore opens one that was begun, of the same kind, to go on with it.
func OpenRestore(dir string, c Config, o Options) (*Restore, error) {
	o.fill()
	c.settle()
	k := newCollection(dir, c, o)
	replay, err := k.load()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("go on with the restore of a collection: %w", err), k.release())
	}
	return &Restore{k: k, replay: replay}, nil
}

// Apply takes the next record, of any kind, in the order of the journal that it is
// from, or with causes before their effects. One that does not fit those before it is
// left out, and an error.
func (r *Restore) Apply(rec uapi.Record) error {
	if p := rec.Producer(); p != uapi.ProducerVector && p != uapi.ProducerHNSW {
		return nil
	}
	if len(r.has) > 0 {
		if r.has[0] != rec.EventID() {
			return fmt.Errorf("%w: record %#x was left out before", vector.ErrRecord, rec.EventID())
		}
		r.has = r.has[1:]
		return nil
	}
	if r.failed != nil {
		return r.failed
	}
	if r.whole {
		if err := r.k.options.FS.Remove(r.k.path(configName)); err != nil {
			return err
		}
		r.whole = false
	}
	r.replay.at++
	if changed, err := r.replay.Apply(rec); err != nil {
		r.replay.at--
		if changed {
			r.failed = fmt.Errorf("%w: store and graph are no longer of one state: %w", ErrStopped, err)
		}
		return err
	}
	r.last = rec.EventID()
	_, err := r.k.journal.Append(rec)
	return err
}

// marked is what Save writes: how many records the journal has, and which is the last
// of them.
type marked struct{ Records, Last uint64 }

// Save makes all durable that was applied, and writes a mark to go on from.
func (r *Restore) Save(w io.Writer) error {
	if r.failed != nil {
		return r.failed
	}
	if err := r.k.journal.Sync(); err != nil {
		return err
	}
	// In the middle of an operation of the graph's own the snapshot before has to do:
	// with the journal it leads to the same.
	if r.k.graph.Pending() == 0 {
		if err := r.snapshot(); err != nil {
			return err
		}
	}
	return binary.Write(w, binary.LittleEndian, marked{r.replay.at, r.last})
}

// snapshot makes the next opening go on with the first change that is not complete:
// store and graph pass over those behind it that they have.
func (r *Restore) snapshot() error {
	if _, err := r.k.graph.Recovered(); err != nil {
		return err
	}
	return r.k.keep(r.replay.begun(r.replay.at+1) - 1)
}

// Load goes back to where Save was: the records behind it come again. Those that the
// directory has already are passed over.
func (r *Restore) Load(from io.Reader) (err error) {
	var m marked
	if err := binary.Read(from, binary.LittleEndian, &m); err != nil {
		return fmt.Errorf("the mark of the collection: %w", err)
	}
	differs := func(what string) error {
		return fmt.Errorf("%s: %w: %s; it is not what was replayed into, or was changed since: begin anew in another folder", r.k.dir, ErrDiffers, what)
	}
	r.last, r.has = m.Last, nil
	j, err := userjournal.OpenFS(r.k.options.JournalFS, r.k.path(journalName))
	if errors.Is(err, userjournal.ErrEmpty) && m.Records == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	info, err := j.Info()
	if err != nil {
		return err
	}
	_, err = readConfig(r.k.options.FS, r.k.dir)
	r.whole = err == nil
	if info.LastOrdinal < m.Records {
		return differs(fmt.Sprintf("its journal ends with record %d, and was at record %d", info.LastOrdinal, m.Records))
	}
	if info.LastOrdinal > m.Records && r.whole {
		return differs(fmt.Sprintf("its journal goes on behind record %d, where it was complete", m.Records))
	}
	return j.Scan(userjournal.ScanOptions{From: max(m.Records, 1)}, func(ordinal uint64, rec uapi.Record) error {
		switch {
		case ordinal > m.Records:
			r.has = append(r.has, rec.EventID())
		case rec.EventID() != m.Last:
			return differs(fmt.Sprintf("record %d of its journal is another one", ordinal))
		}
		return nil
	})
}

// End makes a collection of what was applied. dropped are changes of which there were
// not all records.
func (r *Restore) End() (dropped int, err error) {
	if r.failed != nil {
		return 0, r.failed
	}
	upto := r.replay.begun(r.replay.at+1) - 1 // what is not complete may be gone on with
	if dropped, err = r.replay.End(); err != nil {
		return dropped, err
	}
	if err := r.k.journal.Sync(); err != nil {
		return dropped, err
	}
	if err := r.k.keep(upto); err != nil {
		return dropped, err
	}
	r.ended = true
	return dropped, writeConfig(r.k.options.FS, r.k.dir, &r.k.config)
}

// Digests are those of the store and the graph, behind End.
func (r *Restore) Digests() (Digests, error) { return r.k.Digest() }

// Len is how many vectors there are.
func (r *Restore) Len() int { return r.k.Len() }

// Verify reads all of it: see [Collection.Verify].
func (r *Restore) Verify() (Report, error) { return r.k.Verify() }

// Close closes what is open. What was applied behind the last Save or End may come
// again.
func (r *Restore) Close() error {
	var err error
	if r.ended {
		err = r.k.store.Close()
	}
	return errors.Join(err, r.k.release())
}
