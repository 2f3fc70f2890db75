// SPDX-License-Identifier: Apache-2.0

// Package stream gives records to those who wait for them, as they come into the
// journal.
//
//	h := stream.New(stream.Options{Journal: set, Writer: writer})
//	h.Routes(server)
//	...
//	h.Close()
//
// # What is promised
//
// A subscriber gets each record that its filter and its view take, in the order of
// the journal, once, or a gap that says what it missed. What is delivered
// is in the journal's file: the death of the recorder does not take it back. A
// crash of the whole machine may take back what was not acknowledged, a second's
// worth by default; then the cursor names a record that is another one
// now, and whoever resumes there is told so by a gap (taken-back) and gets all that
// was written since.
//
// A stream is a sequence of JSON objects, a line each:
//
//	{"stream":{"cursor":"...","heartbeat":30}}        first
//	{"cursor":"...","ordinal":7,"type":"write",...}   a record
//	{"gap":{"reason":"slow","missed":12,"cursor":"..."}}
//	{"heartbeat":{"cursor":"...","time":"..."}}       after so many seconds without a line
//	{"end":{"error":"...","cursor":"..."}}            the recorder ends it
//
// or the same as server-sent events, with the cursor for an id, or with the bytes of
// the records instead of their fields: [Line]. The text of a cursor
// is all that a subscriber keeps: what it gives back as after (or Last-Event-ID, which counts before it) is
// where the next stream goes on. Gaps have one of these reasons:
//
//	slow        the subscriber did not read; missed records can be had from cursor on
//	lost        the recorder lost records, as a LOST record tells; whether the filter
//	            would have taken them nobody knows
//	removed     retention has removed what was behind the cursor
//	damaged     part of the journal cannot be read
//	taken-back  see above
//
// Heartbeats have the cursor of the last record that the view has, so that a
// resumed stream does not look again at what the filter left out.
//
// What a view excludes shows nowhere: not as a record, not in a count, not as the
// cursor of a heartbeat. That ordinals, and what a cursor is made of, have gaps
// remains: they name records to everybody alike.
//
// # How it is done
//
// One goroutine follows the journal for all: every few milliseconds it has the
// writer show what it has, reads on in the file, as any reader could, and asks an index
// which subscribers a record is for; those who asked for the same are one to it. It is
// encoded once into a ring of memory, the arena, and each of them is noted where.
// Then all that came to a subscriber goes out by one system call. Calls are what costs
// most. So if there are many each waits for five milliseconds, to get more by one, and
// the looks come every millisecond: at each a share of those who wait is written to, who
// have waited longest. The work is even then, and a look that is late, whose share is
// larger, puts nothing off. Neither the number of goroutines nor of wake-ups grows with
// subscribers or records: sockets are written to without waiting, and one goroutine
// waits for those that were full.
//
// The arena bounds the memory of all that are live. Who does not read until
// its records have been overwritten, or has too many waiting, loses its place: nothing
// is kept but the count of what it misses, and when it reads again it is told.
//
// Who begins in the past is caught up first, by another goroutine, which scans the
// journal for a while for all whose places are near to one another, so that a
// thousand who come back after a restart cost one scan. Who does not read
// there is left where it is; history costs no memory and so is no reason for a gap. When a
// scan has come to where the live one is, the last stretch is read under the lock
// that the live one needs to go on: no record can be missed or come twice.
package stream
