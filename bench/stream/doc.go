// SPDX-License-Identifier: Apache-2.0

// Stream measures what it costs to give records to many subscribers, and whether
// each gets what is its own:
//
//	go run ./bench/stream -subscribers 1000 -rate 50000 -time 1m
//
// One process is the recorder: it appends to a journal at the rate and serves it.
// Another one is all of the subscribers, with one thread that waits for all their
// sockets. Each has a filter that takes one record in a hundred, by agent, session,
// folder, process or an expression in CEL, and knows from the number of a record
// whether it should have come: a hole, a duplicate or a change of order ends the
// run. The delay is from the moment at which the record was made to that at which the
// subscriber has read it. The recorder's CPU time is without what it takes
// to make and journal the records, which is measured alone first.
package main
