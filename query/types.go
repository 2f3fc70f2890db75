// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vexj/uapi"
)

// Groups are types that have something in common besides their category. The
// words process and system are categories already, and open is a type.
var groups = map[string][]uapi.Type{
	// Leaves something changed on a filesystem.
	"modify": {
		uapi.FSCreate, uapi.FSDelete, uapi.FSWrite, uapi.FSRename, uapi.FSChmod, uapi.FSChown, uapi.FSTruncate,
		uapi.FSMkdir, uapi.FSRmdir, uapi.FSSymlink, uapi.FSHardlink, uapi.FSMknod, uapi.FSSetxattr,
		uapi.FSRemovexattr, uapi.FSUtimes, uapi.FSFallocate, uapi.FSMmapWrite, uapi.FSIoctl,
		uapi.SysMount, uapi.SysUnmount,
	},
	// Moves content.
	"io": {
		uapi.FSRead, uapi.FSWrite, uapi.FSTruncate, uapi.FSFallocate, uapi.FSMmapWrite, uapi.FSFsync,
	},
	// Asks about a file and touches neither its content nor anything else.
	"lookup": {
		uapi.FSStat, uapi.FSAccess, uapi.FSReadlink, uapi.FSGetxattr, uapi.FSListxattr, uapi.FSStatfs,
	},
}

// ParseTypes returns the types that the words mean together, each once and in
// ascending order; none for no words. A word is that of a type, a category or a
// group; one after a minus is taken away from those before it, or from all
// types where it is the first.
func ParseTypes(words []string) ([]uapi.Type, error) {
	set := map[uapi.Type]bool{}
	for i, word := range words {
		name, minus := strings.CutPrefix(word, "-")
		if minus && i == 0 {
			for _, t := range uapi.Types() {
				set[t] = true
			}
		}
		types, ok := meaning(name)
		if !ok {
			return nil, fmt.Errorf("%q: %w; known are %s", word, ErrType, strings.Join(TypeWords(), " "))
		}
		for _, t := range types {
			if minus {
				delete(set, t)
			} else {
				set[t] = true
			}
		}
	}
	if len(words) > 0 && len(set) == 0 {
		return nil, fmt.Errorf("%w: %s leaves no type", ErrCondition, strings.Join(words, ","))
	}
	return slices.Sorted(maps.Keys(set)), nil
}

func meaning(word string) ([]uapi.Type, bool) {
	if t, ok := uapi.ParseType(word); ok {
		return []uapi.Type{t}, true
	}
	if types, ok := groups[word]; ok {
		return types, true
	}
	c, ok := uapi.ParseCategory(word)
	if !ok {
		return nil, false
	}
	var types []uapi.Type
	for _, t := range uapi.Types() {
		if t.Category() == c {
			types = append(types, t)
		}
	}
	return types, true
}

// TypeWords returns every word that ParseTypes takes: groups, categories,
// types.
func TypeWords() []string {
	words := slices.Sorted(maps.Keys(groups))
	for _, c := range uapi.Categories() {
		words = append(words, c.String())
	}
	for _, t := range uapi.Types() {
		words = append(words, t.String())
	}
	return words
}

// typeSet answers for the types below its size with one load.
type typeSet struct {
	list []uapi.Type
	bits [0x1000 / 64]uint64
	rest []uapi.Type
}

func newTypeSet(types []uapi.Type) *typeSet {
	if len(types) == 0 {
		return nil
	}
	s := &typeSet{list: slices.Clone(types)}
	for _, t := range types {
		if int(t>>6) < len(s.bits) {
			s.bits[t>>6] |= 1 << (t & 63)
		} else {
			s.rest = append(s.rest, t)
		}
	}
	return s
}

func (s *typeSet) has(t uapi.Type) bool {
	if int(t>>6) < len(s.bits) {
		return s.bits[t>>6]&(1<<(t&63)) != 0
	}
	return slices.Contains(s.rest, t)
}
