// SPDX-License-Identifier: Apache-2.0

// Package query asks a journal: which records, how many, and are they all
// there.
//
// A [Filter] is compiled once from [Conditions] and then asked twice: about the
// zone map of a block, whether a look into it is worth the decompression, and
// about each record of those blocks. Neither allocates.
//
//	f, err := query.Conditions{Paths: []string{"/etc/**"}, Failed: true}.Compile(view)
//	err = f.Scan(journal, userjournal.ScanOptions{}, print)
//
// A [View] is what the reader may see, and comes before everything else.
//
// An [Account] checks the promise that nothing is lost silently. It reads the
// records once, in the order of the journal, and tells for each run of each
// producer whether
//
//	numbers given out == records in the journal + sum of LOST counts
//
// with memory that does not grow with the number of records.
//
// A [Stat] counts, with exact totals and with [Sketch]es for what may have any
// number of different values, such as paths.
//
// # Path patterns
//
// A pattern stands for all of a path. ? is one character and * any number of
// them, but a slash; ** is any number of whole components; [a-z] and {one,two}
// are as in a shell, and \ takes the meaning from what follows it.
//
//	/etc/passwd      that file
//	/etc/**          /etc and everything below
//	/etc/            the same
//	/var/log/*.log   directly in /var/log
//	*.go             without a slash at its start, at any depth: **/*.go
//	src/**/*_test.go below any directory src
//
// A path whose root side is cut (VEXJ_F_PATH_TRUNCATED) is only matched by a
// pattern that does not begin with a slash: what the others ask about is what
// was cut off. A record matches if its path or its second path does.
//
// # Tags
//
// The TAGS attribute is JSON. Of an array the strings in it are tags; of an object
// its members are, but those that are false or null, and one whose value is a
// string is also the tag name=value; a string by itself is one tag. Anything else
// has none.
package query
