// SPDX-License-Identifier: Apache-2.0

// Package manual writes what in a man page repeats what stands elsewhere: the verbs
// and flags of a tree of commands, the fields of a record, the format of a journal,
// the device's structs.
//
// A page has regions for it, between two comments that name them. Tests compare each
// region with its source, and write it with the flag -update, which `make generate`
// does. All else in a page is written by hand.
package manual
