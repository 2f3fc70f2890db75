// SPDX-License-Identifier: Apache-2.0

package uapi

import "strconv"

// Via says how an operation came about.
type Via uint8

const (
	ViaCall      Via = 0
	ViaMmap      Via = 1
	ViaSplice    Via = 2
	ViaCopyRange Via = 3
	ViaUring     Via = 4
	ViaSendfile  Via = 5
	ViaClone     Via = 6
	ViaOpen      Via = 7
	ViaTmpfile   Via = 8
	ViaRename    Via = 9
	ViaKernel    Via = 10
	ViaAIO       Via = 11
)

var viaNames = [...]string{
	ViaCall:      "call",
	ViaMmap:      "mmap",
	ViaSplice:    "splice",
	ViaCopyRange: "copy-range",
	ViaUring:     "uring",
	ViaSendfile:  "sendfile",
	ViaClone:     "clone",
	ViaOpen:      "open",
	ViaTmpfile:   "tmpfile",
	ViaRename:    "rename",
	ViaKernel:    "kernel",
	ViaAIO:       "aio",
}

// String returns the word for it, or its number.
func (v Via) String() string {
	if int(v) < len(viaNames) {
		return viaNames[v]
	}
	return strconv.Itoa(int(v))
}
