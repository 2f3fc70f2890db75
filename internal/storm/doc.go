// SPDX-License-Identifier: Apache-2.0

// Package storm holds the promise of the whole chain against load: many
// processes at work on the running kernel, captured, mirrored and journaled, and
// then accounted for from the journal alone.
//
// [Run] is one storm, under whichever producer. The tests set loose bigger ones
// and kill recorders in the middle; VEXJ_STORM sets how many operations those
// have (5,000,000 without it).
package storm
