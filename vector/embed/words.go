// SPDX-License-Identifier: Apache-2.0

package embed

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// maxWord bounds a word in bytes: what is longer is cut, as it is none that anybody
// will look for.
const maxWord = 64

// words yields the words of a text in lower case; each is valid until the next.
func words(text string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		word := make([]byte, 0, maxWord+utf8.UTFMax)
		last := rune(0)
		for _, r := range text {
			ends := !unicode.IsLetter(r) && !unicode.IsDigit(r)
			if ends || unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)) {
				if len(word) > 0 && !yield(word) {
					return
				}
				word = word[:0]
			}
			if !ends && len(word) < maxWord {
				word = utf8.AppendRune(word, unicode.ToLower(r))
			}
			last = r
		}
		if len(word) > 0 {
			yield(word)
		}
	}
}

const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

func fnv(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

// Kinds of features have seeds of their own.
const (
	wordSeed  = fnvOffset ^ 0x1
	pairSeed  = fnvOffset ^ 0x2
	gramSeed  = fnvOffset ^ 0x3
	wordScale = 1.0
	pairScale = 0.5
	gramScale = 0.25
)

// A feature is what a text has, and how much it says.
type feature struct {
	count float32
	scale float32
}

// features counts those of a text; n is how many words there are.
func features(text string) (found map[uint64]feature, n int) {
	found = map[uint64]feature{}
	add := func(h uint64, scale float32) {
		// The low bits of FNV-1a are mixed less than the high ones.
		h ^= h >> 29
		f := found[h]
		found[h] = feature{f.count + 1, scale}
	}
	before := uint64(0)
	var marked []byte
	for word := range words(text) {
		n++
		h := fnv(wordSeed, word)
		add(h, wordScale)
		if before != 0 {
			add(fnv(pairSeed^before*fnvPrime, word), pairScale)
		}
		before = h
		marked = append(append(append(marked[:0], '<'), word...), '>')
		for size := 3; size <= 4; size++ {
			for i := 0; i+size <= len(marked); i++ {
				add(fnv(gramSeed, marked[i:i+size]), gramScale)
			}
		}
	}
	return found, n
}
