// SPDX-License-Identifier: Apache-2.0

// Command replay measures how fast a journal is replayed into a directory: a million
// records of a mix of operations, in each mode, beside the same operations done by
// themselves, without a journal.
package main
