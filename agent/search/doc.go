// SPDX-License-Identifier: Apache-2.0

// Package search finds records and files by what they are about: by words, or with an
// embedder that knows it, by meaning.
//
//	x, err := search.Open(journal, search.Options{})
//	n, err := x.Update(ctx)                     // takes in what the journal has got since
//	hits, err := x.Search(ctx, "who changed the backup script", 10, query.All)
//	err = x.Close()
//
// # What is found
//
//	path      a path that some record has: one for all of its records
//	intent    what an agent said that it was about to do
//	command   a program with its arguments: one for all times that it was run
//	file      a stretch of a text file, if files are to be read: see [Index.Tree]
//
// All are vectors of a collection, JOURNAL.search beside the journal, which is a cache:
// without it the journal is read from its beginning. It says up to which record it has
// read the journal; what is taken in twice, after a crash, is the same.
//
// # Who may see it
//
// A search takes a view, and a hit is shown if a record is in the view that says so:
// of a path the last one, which the hit names then, of an intent its own, of a command
// the first one that ran it. The text of a file is shown if the view is whole or has a
// record of its path.
package search
