// SPDX-License-Identifier: Apache-2.0

// Read measures what it takes to find records in a large journal: time with a
// cold and a warm page cache, and the memory of the process that looks.
//
//	go run ./bench/read -records 10000000 -dir /var/tmp/vexj-read
//
// The journal is made if the folder is not there: a machine on which processes
// of many sessions open, write and close files of a large tree. Every question
// is then asked by a process of its own, the first time after the journal's
// files were dropped from the page cache.
package main
