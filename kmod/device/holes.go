// SPDX-License-Identifier: Apache-2.0

package device

// Holes is what the module cannot see on any kernel, a line each. What it cannot
// see on the running one besides, it says by its hooks.
var Holes = []string{
	"closes by exit and exec",
}

// HoleRows are the rows of the conformance table, and fields, that Holes make
// differ.
var HoleRows []string
