// SPDX-License-Identifier: Apache-2.0

// Package scramble does random things to a small directory tree, in several
// processes, to see whether a journal of it tells what became of the tree.
package scramble
