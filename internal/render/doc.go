// SPDX-License-Identifier: Apache-2.0

// Package render turns a record into a line of text, a JSON object, a list of
// all that it holds, or an annotated dump.
//
// A Line is for a person and for grep:
//
//	2026-03-01 12:00:00.125 git[4711]            rename     /a/x.lock -> /a/x = 0
//	time                    program[process]     operation  paths      facts   result
//
// An Object is for programs; the man page of vexjctl has its schema. Both
// append to a buffer and allocate nothing for common records. Whatever a record
// holds, the output cannot act on a terminal: see package quote.
package render
