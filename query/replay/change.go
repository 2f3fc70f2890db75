// SPDX-License-Identifier: Apache-2.0

package replay

// An op is what a change does to a directory.
type op uint8

const (
	opMake    op = iota // a node of its kind, at `to`
	opLink              // `from` gets another name, `to`
	opRemove            // the name `from`
	opPurge             // the name `from` and all below it
	opMove              // `from` to `to`, by flags of renameat2
	opWrite             // data at offset into the file `from`
	opResize            // the file `from` to size bytes
	opReserve           // fallocate
)

// A spot is a place as a directory finds it: the path of its directory at the time
// of the change.
type spot struct {
	place
	path string
}

// A change is one thing to be done to a directory. It has copies of what it needs of
// its nodes, as those go on to change.
type change struct {
	op       op
	node     *node // what it is done to
	other    *node // what it does away with, or changes places with
	from, to spot

	mode   uint32
	rdev   uint64
	target string
	flags  uint
	offset int64
	size   int64
	data   []byte
}

func spotOf(p place) spot { return spot{p, p.dir.where()} }

func (t *Tree) emit(c change) { t.out = append(t.out, c) }
