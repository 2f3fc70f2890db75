// SPDX-License-Identifier: Apache-2.0

// Command beside measures what is seen of short-lived files, and what that costs: by
// inotify, which programs use that follow changes of a tree, and by vexj, in one run.
//
//	go run ./bench/beside [-rounds 5] [-n 3000]
//
// The work makes a folder, a file in it, writes to it, renames it, deletes it and removes
// the folder, again and again: five changes of names each time, of things that are gone
// before anybody could look at them. inotifywait (package inotify-tools) watches the tree
// with what is made in it; vexjctl records it. Rounds alternate; medians are printed, of
// the time of the work and of how many of its changes were seen.
package main
