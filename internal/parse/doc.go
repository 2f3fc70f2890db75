// SPDX-License-Identifier: Apache-2.0

// Package parse makes records of the JSON objects that package render makes of records:
// those that `vexjctl log -o ndjson` prints.
//
// What an object says comes back byte for byte, in the order in which it says it, and
// of the records of any producer that is all. Not in an object, and so not in what
// comes back, are
//
//   - the ordinal, which is a place in a journal, and the cursor;
//   - a root cause of 0, which is taken for the record itself;
//   - the flag O_LARGEFILE of an open, which the kernel sets on each of a process of
//     64 bits, and the type of a file in its mode;
//   - whether what is between two arguments, declarations, or lines of what is uncovered
//     is behind the last one too: it is not;
//   - what says nothing: bytes behind the end of a name of a program or of a link's
//     description, truth values that are neither 0 nor 1, bits of a search or of a
//     removal that have no word, what is reserved, and which NaN a distance was.
//
// Whatever else is in an object is an error, with the member that it is about: an
// object of a newer version says something that a record of this one cannot.
package parse
