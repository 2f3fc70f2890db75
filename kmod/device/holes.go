// SPDX-License-Identifier: Apache-2.0

package device

// Holes is what the module cannot see on any kernel, a line each. What it cannot
// see on the running one besides, it says by its hooks.
var Holes = []string{
	"closes by exit and exec",
}

// HoleRows names the rows and fields of the conformance table that Holes make
// differ: none.
func (*Producer) HoleRows() []string { return nil }
