// SPDX-License-Identifier: Apache-2.0

// Package boundary brings together what the kernel and what userspace recorded of the
// same files: a FUSE mount journals an operation, and the kernel's producers see the
// mount's server do it to the backing file. Both stand in one journal or in two.
//
// # Duplicates
//
// Two records are of the same act if they are of one type and one object, by device
// and inode of the backing file, of one range for what has one, if both succeeded, and
// if the kernel's ends while the other one lasts, with some slack. Acts that are alike
// are matched in their order. Of two the one from userspace stays, as it knows who
// asked, and by which path; it gets a link of type [LinkSameAct] to the kernel's.
//
// # Drift
//
// Each side has a sequence: the acts on objects of the mount that it has told of. An
// act that both tell of takes both on by one, any other its own side alone. How far
// the sequences are apart is the drift:
//
//	synchronised   0
//	minor          1 to 99
//	major          100 and more
//	lost           records of a side are lost: the difference means nothing
//	recovering     acts are matched again, and the difference is counted from the first
//
//	from              what happens                              to
//	any but lost      the drift changes                         by the drift
//	any               a side loses records                      lost
//	lost              an act is matched                         recovering
//	recovering        16 acts are matched, none is alone        synchronised
//	recovering        an act is alone                           recovering, counted anew
//
// # Conflicts
//
// An act of the kernel's side alone is somebody who works past the mount. If it and one
// of the mount are close to each other in time, and change the same aspect of an object
// (bytes that overlap, its mode, its owner, an attribute, its name), they are a
// conflict. A [Policy] says which one stands.
//
// Memory is bounded by the window of time in which acts are matched, and by how many
// records it may hold.
package boundary
