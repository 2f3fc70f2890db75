// SPDX-License-Identifier: Apache-2.0

// Package uapi is the Go view of vexj.h, the one definition of the semantic
// journal record. Read that header first: it opens with the specification, and
// nothing here repeats or extends it.
//
// # Reading
//
// [Check] takes bytes from anywhere, a ring or a journal or the network, and
// either returns a [Record] over the same memory or a [*FormatError] that says
// at which offset which promise of the header is broken. A Record is a byte
// slice; its methods read in place and never allocate:
//
//	rec, err := uapi.Check(sample)
//	if err != nil {
//		return err
//	}
//	if io, ok := rec.IO(); ok && io.Result < 0 {
//		fmt.Printf("%s %q: %s\n", rec.Type(), rec.Path(), io.Errno())
//	}
//
// [Size] checks the header alone. It is for code that moves whole records and
// looks into none of them.
//
// The methods of Record trust what Size checks and nothing more: on a Record
// whose header is sound they cannot panic, and an attribute that is cut or has
// an impossible size reads as absent. On bytes that neither Size nor Check has
// seen they may panic.
//
// # Building
//
// A [Builder] appends attributes to a buffer of its own and reuses it, so that
// it stops allocating once it has seen its largest record. It refuses to make
// what Check would refuse to read.
//
// # Names
//
// [Type], [Tag], [Flags], [Category], [Via], [Producer], [Cause] and [Errno]
// print as short stable lower-case words (an Errno as ENOENT). These are the
// words that vexjctl prints and takes, so a word never changes.
//
// # What holds the two languages together
//
// The tests compile vexj.h and compare every constant, size and offset in it
// with this package, in both directions. testdata/golden has records that a C
// program made with nothing but the header, each with what it says as text; Go
// must read the same and build the same bytes, and C must read what Go built.
// testdata/bad has one record for each promise that can be broken. None of
// these files changes once a release has gone out: a new fact is a new file.
package uapi
