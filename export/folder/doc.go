// SPDX-License-Identifier: Apache-2.0

// Package folder keeps what is exported as files in a folder, each of which is there
// as a whole or not at all, and which together have each record once, however often the
// export was killed.
//
// A part is written under the name [unfinished], synced, and then renamed to
//
//	FIRST-UPTO.EXT
//
// where FIRST is the ordinal of its first record and UPTO how far the journal was read
// when it was finished: the ordinal of the last record before that, of a set of shards
// one of each with + between them, and FIRST a count then. So the rename adds the
// records to the folder and moves the place to go on at, in one step. A part that was
// not renamed is written again.
//
// The file [stateName] says what the folder is an export of, and has the place too:
// finished parts may be taken away at any time.
package folder
