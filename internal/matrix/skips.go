// SPDX-License-Identifier: Apache-2.0

package main

// A lack is why a row cannot be run somewhere.
type lack struct {
	row        string
	filesystem string // "": any
	why        string
}

// lacks are the rows that a filesystem or kernel cannot do. A row that is skipped
// and is not here fails.
var lacks = []lack{}

func knownSkip(row, filesystem string) string {
	for _, l := range lacks {
		if l.row == row && (l.filesystem == "" || l.filesystem == filesystem) {
			return l.why
		}
	}
	return ""
}
