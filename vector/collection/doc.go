// SPDX-License-Identifier: Apache-2.0

// Package collection makes one thing of a store, a graph and a journal: vectors that
// are kept and found, of which every change is a record before it counts, and which a
// journal leads to again.
//
//	k, err := collection.Create(dir, collection.Config{Config: vector.Config{Dims: 128}}, collection.Options{})
//	id, err := k.Create(0, v, vector.Meta{Path: "/srv/a.txt"})
//	found, err := k.Search(q, 10, collection.SearchOptions{})
//	err = k.Sync()
//	err = k.Close()
//
// # The directory
//
//	COLLECTION   what it is of: a line of JSON, and a line with its CRC-32C
//	journal/     what happened: package userjournal
//	store/       the vectors: package vector
//	graph.1234   a snapshot of the graph: package hnsw; the number is the ordinal of the
//	             journal's record up to which the store's last checkpoint goes
//
// Store and graph are caches: [Rebuild] makes both from the journal. A [Restore] makes
// a collection of the journal of another one, a [Selection] of some of its changes.
//
// # The order of things
//
// A change is made in the store, then in the graph; their records are kept until both
// are done, and go to the journal together, the graph's before the vector's. So the
// record of the vector is where a change counts: of a change that is in the journal
// without it, as of one that a crash cut off, nothing is done when the journal is read.
// Nobody was told that it was done. Of several changes that are made together all count
// with the record of the last vector. Readers see a change in the store a moment earlier.
//
// What was changed in memory and files before the journal had it does no harm: the
// store goes back to its last checkpoint when it was not closed, and the graph is in
// memory. A checkpoint syncs the journal, then writes the graph, then syncs the store,
// which remembers the ordinal. Opening loads both and does again what the journal has
// behind it: what counted comes out, to the last link, equal by [Collection.Digest] to
// what an uninterrupted run has after the same changes. With what was acknowledged it
// is the same, because a change is acknowledged when the journal has synced it.
//
// The checkpoint of the store names the snapshot of the graph, by its number: both begin
// to count at one moment. So whoever opens the collection for reading only, beside a
// writer, has what the last checkpoint had, whatever is changed.
//
// If something fails in the middle of a change, the collection stops.
package collection
