// SPDX-License-Identifier: Apache-2.0

package render

import "golang.org/x/sys/unix"

// OpenWords are the bits of the flags of an open by the words that objects have.
func OpenWords() map[string]uint32 {
	words := map[string]uint32{"rdonly": unix.O_RDONLY, "wronly": unix.O_WRONLY, "rdwr": unix.O_RDWR, "noaccess": unix.O_ACCMODE}
	for _, f := range openFlags {
		words[f.word] = f.mask
	}
	return words
}

// SearchWords are the same of the flags of a search.
func SearchWords() map[string]uint32 { return bits(searchFlags[:]) }

// RemovedWords are the same of why records were removed.
func RemovedWords() map[string]uint32 { return bits(removedReasons[:]) }

func bits(words []string) map[string]uint32 {
	m := map[string]uint32{}
	for bit, word := range words {
		m[word] = 1 << bit
	}
	return m
}
