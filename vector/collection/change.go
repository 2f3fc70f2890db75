// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"vexj/hnsw"
	"vexj/uapi"
	"vexj/vector"
)

// Create adds a vector; with id 0 it gets the next free one, which is returned.
func (k *Collection) Create(id uint64, v []float32, m vector.Meta) (uint64, error) {
	raw, err := k.config.Encode(nil, v)
	if err != nil {
		return 0, err
	}
	c := []vector.Change{{Op: uapi.VectorCreate, ID: id, Raw: raw, Meta: m}}
	err = k.Change(c)
	return c[0].ID, err
}

// Update replaces a vector, and what it is of.
func (k *Collection) Update(id uint64, v []float32, m vector.Meta) error {
	raw, err := k.config.Encode(nil, v)
	if err != nil {
		return err
	}
	return k.Change([]vector.Change{{Op: uapi.VectorUpdate, ID: id, Raw: raw, Meta: m}})
}

// Delete removes a vector.
func (k *Collection) Delete(id uint64) error {
	return k.Change([]vector.Change{{Op: uapi.VectorDelete, ID: id}})
}

// Change does the changes one after the other, in store and graph, or none if one
// of them cannot be done. They are acknowledged as the durability says: with
// userjournal.DurabilityBatch or DurabilityRecord when it returns. After a crash all of
// them are there or none, and all that were acknowledged. Vectors that are created one
// after the other come into the graph by [Options].Workers at a time.
func (k *Collection) Change(changes []vector.Change) error {
	if len(changes) == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.usable(); err != nil {
		return err
	}
	if err := k.start(); err != nil {
		return k.fail(err)
	}
	k.keepDying(changes)
	if err := k.store.Change(changes); err != nil {
		k.source.forget()
		return err
	}
	if err := k.followAll(changes); err != nil {
		return k.fail(err)
	}
	if err := k.out.send(); err != nil {
		return k.fail(err)
	}
	if slices.ContainsFunc(changes, func(c vector.Change) bool { return c.Op == uapi.VectorDelete }) {
		// Whoever found a deleted one in the graph may ask for its original until
		// then.
		k.looking.Lock()
		k.source.forget()
		k.looking.Unlock()
	}
	k.since += len(changes)
	if every := k.options.CheckpointEvery; every > 0 && k.since >= every {
		return k.checkpoint()
	}
	return nil
}

// followAll does in the graph what was done in the store: what is created together at
// a time, all else in its turn.
func (k *Collection) followAll(changes []vector.Change) error {
	for len(changes) > 0 {
		n := slices.IndexFunc(changes, func(c vector.Change) bool { return c.Op != uapi.VectorCreate })
		if n < 0 {
			n = len(changes)
		}
		n = max(n, 1)
		if err := k.followSome(changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// followSome does changes in any order, and stops at the first error.
func (k *Collection) followSome(changes []vector.Change) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(k.options.Workers, len(changes)))
	for w := range errs {
		wg.Go(func() {
			var buf []float32
			for i := next.Add(1) - 1; i < int64(len(changes)); i = next.Add(1) - 1 {
				c := &changes[i]
				if c.Op != uapi.VectorDelete {
					buf = k.config.Decode(c.Raw, buf)
				}
				if err := k.follow(c, buf); err != nil {
					errs[w] = fmt.Errorf("vector %d in the graph: %w", c.ID, err)
					next.Store(int64(len(changes)))
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (k *Collection) follow(c *vector.Change, v []float32) error {
	cause := hnsw.Cause{Parent: c.Event}
	switch c.Op {
	case uapi.VectorCreate:
		return k.graph.Insert(c.ID, v, cause)
	case uapi.VectorUpdate:
		return k.graph.Update(c.ID, v, cause)
	}
	return k.graph.Delete(c.ID, cause)
}

// keepDying remembers what the graph still wants to know of vectors that are to be
// deleted.
func (k *Collection) keepDying(changes []vector.Change) {
	if k.source.store == nil {
		return
	}
	made := map[uint64][]byte{} // by earlier changes
	for i := range changes {
		c := &changes[i]
		if c.Op != uapi.VectorDelete {
			made[c.ID] = c.Raw
			continue
		}
		if raw, ok := made[c.ID]; ok {
			if len(raw) == k.config.Elem.Bytes(k.config.Dims) { // otherwise the store refuses it
				k.source.keep(c.ID, k.config.Decode(raw, nil))
			}
		} else if v, err := k.store.Vector(c.ID, nil); err == nil {
			k.source.keep(c.ID, v)
		}
	}
}

func (k *Collection) usable() error {
	switch {
	case k.closed.Load():
		return fmt.Errorf("%s: %w", k.dir, ErrClosed)
	case k.options.ReadOnly:
		return fmt.Errorf("%s: %w: open it for writing", k.dir, ErrReadOnly)
	}
	return k.failed
}

// fail stops the collection: in memory there may be what the journal has not.
func (k *Collection) fail(err error) error {
	if k.failed == nil {
		k.failed = fmt.Errorf("%s: %w: %w; open it again", k.dir, ErrStopped, err)
	}
	return k.failed
}

// Checkpoint makes the next opening begin here: it writes the graph, and syncs the
// store, behind the journal.
func (k *Collection) Checkpoint() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.usable(); err != nil {
		return err
	}
	return k.checkpoint()
}

// checkpoint keeps an order, so that neither is ever ahead of what is durable of
// the journal, and that both count at one moment: the name of the graph's snapshot is
// the position that the store's checkpoint has.
func (k *Collection) checkpoint() error {
	if err := k.start(); err != nil {
		return k.fail(err)
	}
	b := uapi.NewBuilder(nil)
	id := k.vectors.Begin(b, uapi.Header{Type: uapi.SysCheckpoint})
	k.addTo(b)
	if err := k.vectors.Emit(journalSink{k.journal}, b, id); err != nil {
		return k.fail(err)
	}
	if err := k.journal.Sync(); err != nil {
		return k.fail(err)
	}
	if err := k.keep(k.journal.Stats().Written); err != nil {
		return k.fail(err)
	}
	k.since = 0
	return nil
}

// keep makes the next opening go on behind the ordinal, which is durable.
func (k *Collection) keep(upto uint64) error {
	if err := replace(k.options.FS, k.path(graphFile(upto)), func(w *writer) error { return k.graph.WriteSnapshot(w) }); err != nil {
		return err
	}
	// With this both count.
	if err := k.store.Sync(upto); err != nil {
		return err
	}
	return k.sweep()
}

// sweep removes snapshots of the graph that do not belong to the store, as they are
// left by a checkpoint that is over or was interrupted.
func (k *Collection) sweep() error {
	names, err := k.options.FS.ReadDir(k.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, graphName) && name != graphFile(k.store.Position()) {
			if err := k.options.FS.Remove(k.path(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Compact makes a checkpoint and gives back the room of vectors that are gone.
func (k *Collection) Compact() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.usable(); err != nil {
		return err
	}
	if err := k.checkpoint(); err != nil {
		return err
	}
	return k.store.Compact()
}

// Embedded records that a model made so many vectors, and returns the event that is
// the cause of what is done with them.
func (k *Collection) Embedded(model string, dims, vectors int) (event uint64, err error) {
	if k.options.ReadOnly {
		return 0, fmt.Errorf("%s: %w", k.dir, ErrReadOnly)
	}
	if err := k.start(); err != nil {
		return 0, err
	}
	b := uapi.NewBuilder(nil)
	id := k.vectors.Begin(b, uapi.Header{Type: uapi.VectorEmbed})
	if k.config.Name != "" {
		b.AddString(uapi.AttrCollection, k.config.Name)
	}
	b.AddString(uapi.AttrModel, model)
	b.AddU32(uapi.AttrVectorDims, uint32(dims))
	b.AddIO(uapi.IO{Offset: uapi.NoOffset, Length: uint64(vectors), Result: int64(vectors)})
	return id, k.vectors.Emit(journalSink{k.journal}, b, id)
}
