// SPDX-License-Identifier: Apache-2.0

package uapi

import "strconv"

// Elem is the type of a vector's elements.
type Elem uint32

const (
	ElemFloat32 Elem = 0
	ElemFloat16 Elem = 1
	ElemInt8    Elem = 2
	ElemInt16   Elem = 3
	ElemBinary  Elem = 4
)

var elemNames = [...]string{"float32", "float16", "int8", "int16", "binary"}

// Known reports whether the type is one of the constants above.
func (e Elem) Known() bool { return int64(e) < int64(len(elemNames)) }

// Bytes is how many bytes a vector of so many elements has.
func (e Elem) Bytes(dims int) int {
	switch e {
	case ElemFloat32:
		return 4 * dims
	case ElemFloat16, ElemInt16:
		return 2 * dims
	case ElemBinary:
		return (dims + 7) / 8
	}
	return dims
}

// String returns the type's word, or its number.
func (e Elem) String() string {
	if e.Known() {
		return elemNames[e]
	}
	return strconv.FormatUint(uint64(e), 10)
}

// ParseElem is the inverse of [Elem.String] for known types.
func ParseElem(s string) (Elem, bool) {
	for e, name := range elemNames {
		if name == s {
			return Elem(e), true
		}
	}
	return 0, false
}
