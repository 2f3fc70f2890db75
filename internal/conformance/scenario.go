// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"

	"vexj/uapi"
)

// Scenario is one row of the table.
type Scenario struct {
	Name string

	// Kinds names the operations in the row, such as "openat" or
	// "io_uring.write". A producer can declare one as a hole.
	Kinds []string

	// Needs says what the machine must have for the row to make sense.
	Needs []Need

	// Setup prepares the directory, uncaptured. It may be nil.
	Setup func(*Env)

	// Do runs the operations, with the capture on.
	Do func(*Env)

	// Want states the records, in order. It runs in the parent, which has the
	// facts that Setup and Do noted.
	Want func(*Env) []Want

	// Declares makes further records of the child's process tree count, whatever
	// their path.
	Declares func(*Env, uapi.Record) bool

	// Unordered rows have concurrent actors: the order is not compared.
	Unordered bool
}

// Table returns all rows. Names are unique.
func Table() []Scenario {
	return slices.Concat(
		openRows(),
		openOutcomeRows(),
		pathRows(),
		linkRows(),
		longRows(),
		readRows(),
		writeRows(),
		copyRows(),
		closeRows(),
		renameRows(),
		renameEdgeRows(),
		nameRows(),
		nodeRows(),
		ownerRows(),
		xattrRows(),
		sizeRows(),
		lockRows(),
		syncRows(),
		mmapRows(),
		queryRows(),
		failRows(),
		failNameRows(),
		mountRows(),
		overlayRows(),
		processRows(),
		quietRows(),
		aioRows(),
		uringRows(),
		uringNameRows(),
		legacyRows(),
	)
}

// find returns the row called name.
func find(name string) (Scenario, bool) {
	for _, s := range Table() {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// selects says whether filter, a part of a name or a whole kind, picks s.
func (s *Scenario) selects(filter string) bool {
	return strings.Contains(s.Name, filter) || slices.Contains(s.Kinds, filter)
}
