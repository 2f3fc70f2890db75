// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"errors"
	"fmt"

	"vexj/hnsw"
	"vexj/userjournal"
	"vexj/vector"
)

// A Report is what Verify found.
type Report struct {
	Store   vector.Report
	Nodes   int // of the graph
	Journal userjournal.VerifyReport
	Damage  []error // of all of them
}

// Verify holds store, graph, the snapshot of the graph and journal against their
// checksums, the graph against itself, and store and graph against each other. What
// is wrong is in the report; the error is one of reading. Changes wait.
func (k *Collection) Verify() (r Report, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.usable(); err != nil && !errors.Is(err, ErrReadOnly) {
		return r, err
	}
	if k.journal != nil {
		if err := k.journal.Flush(); err != nil {
			return r, err
		}
	}
	if r.Store, err = k.store.Verify(); err != nil {
		return r, err
	}
	r.Damage = append(r.Damage, r.Store.Damage...)
	r.Nodes = k.graph.Len()
	if _, err := k.graph.Validate(); err != nil {
		r.Damage = append(r.Damage, err)
	}
	if at := k.store.Position(); at > 0 {
		if err := hnsw.VerifySnapshot(k.path(graphFile(at))); err != nil {
			r.Damage = append(r.Damage, err)
		}
	}
	if err := k.compare(&r); err != nil {
		return r, err
	}
	j, err := userjournal.OpenFS(k.options.JournalFS, k.path(journalName))
	if err != nil {
		return r, err
	}
	defer j.Close()
	r.Journal, err = j.Verify(func(p userjournal.Problem) {
		d := userjournal.DamageError(p)
		r.Damage = append(r.Damage, fmt.Errorf("%s: %w", k.path(journalName), &d))
	})
	return r, err
}

// compare: each vector has a node, and no node is of anything else.
func (k *Collection) compare(r *Report) error {
	w, err := k.store.View()
	if err != nil {
		return err
	}
	defer w.Close()
	missing := 0
	err = w.Each(func(it vector.Item) error {
		if !k.graph.Has(it.ID) {
			missing++
		}
		return nil
	})
	if err != nil {
		return nil // Verify of the store has found it
	}
	if missing > 0 || w.Len() != k.graph.Len() {
		r.Damage = append(r.Damage, fmt.Errorf("%s: %w: %d of %d vectors are not in the graph, which has %d nodes",
			k.dir, ErrDiffers, missing, w.Len(), k.graph.Len()))
	}
	return nil
}
