// SPDX-License-Identifier: Apache-2.0

// Package where asks a record a question that was written in CEL, the Common
// Expression Language (https://cel.dev):
//
//	e, err := where.Compile(`type == "write" && path.below("/etc") && uid != 0`)
//	if e.Match(rec, when) ...
//
// [Fields] are the names that an expression may use, all of them those of the
// JSON objects that vexjctl prints. What a record does not have is 0, "", false or
// empty: attrs says what it has. A name is looked up in the record when the
// expression comes to it, so that what it does not ask for costs nothing. Fields that
// are compared with constants, joined by && and || and !, are not interpreted: that
// takes tens of nanoseconds instead of some hundreds.
//
// An expression is somebody else's program. It is checked before it runs: its
// length, its depth, the size of its regular expressions, that its value is true
// or false, and what it costs. What may cost more than [CostLimit] for one record is
// watched while it runs, and stopped there: [Expression.Err] then says so, and the
// expression takes no further record. An evaluation that fails in another way, as
// one that divides by zero or asks for the third of two arguments, is of a record
// for which the question makes no sense: it is not taken.
package where
