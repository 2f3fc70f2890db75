// SPDX-License-Identifier: Apache-2.0

package query

import (
	"slices"
	"sort"
)

// numbers are those of one sequence that were seen, lost, or are missing, as
// far as the journal has been read. It keeps the gaps alone, of which an
// orderly journal has few at any one time.
type numbers struct {
	low   uint64 // what was before is in no part of the journal that is left
	high  uint64 // the highest seen or lost; low if there is none
	ahead uint64 // one above high that was seen already, or 0: PRODUCER_START's

	gaps    []gap  // ascending, none touches another
	missing uint64 // in all gaps

	seen uint64
	late uint64 // of these, after a higher one
}

// gap is missing numbers, first and last among them. When there are too many
// gaps the oldest are merged, and it is not known any more which numbers from
// first to last are missing, but how many.
type gap struct{ first, last, missing uint64 }

func (g *gap) whole() bool { return g.missing == g.last-g.first+1 }

// maxGaps bounds the memory of one sequence to 1.5 MiB. A gap ends with the LOST
// record that accounts for it, some hundred records later.
const maxGaps = 1 << 16

// startAt makes n the first number: those before it are unknown.
func (s *numbers) startAt(n uint64) { s.low, s.high = n-1, n-1 }

// expect notes that n was seen before its turn.
func (s *numbers) expect(n uint64) {
	s.seen++
	if n == s.high+1 {
		s.high = n
	} else {
		s.ahead = n
	}
}

// see takes a record's number; it returns false if it was there before.
func (s *numbers) see(n uint64) bool {
	if n > s.high {
		if n == s.ahead {
			return false
		}
		s.raise(n - 1)
		s.high = n
		s.seen++
		if s.ahead == n+1 {
			s.high, s.ahead = s.ahead, 0
		}
		return true
	}
	if !s.fill(n) {
		return false
	}
	s.seen++
	s.late++
	return true
}

// raise makes every number up to n that was not seen yet a missing one.
func (s *numbers) raise(n uint64) {
	if s.ahead != 0 && s.ahead <= n {
		s.open(s.high+1, s.ahead-1)
		s.high, s.ahead = s.ahead, 0
	}
	if n > s.high {
		s.open(s.high+1, n)
		s.high = n
	}
}

func (s *numbers) open(first, last uint64) {
	if first > last {
		return
	}
	if len(s.gaps) >= maxGaps {
		s.merge()
	}
	n := last - first + 1
	s.gaps = append(s.gaps, gap{first, last, n})
	s.missing += n
}

// merge makes one of each two gaps of the older half.
func (s *numbers) merge() {
	const half = maxGaps / 2
	for i := 0; i < half; i += 2 {
		a, b := s.gaps[i], s.gaps[i+1]
		s.gaps[i/2] = gap{a.first, b.last, a.missing + b.missing}
	}
	s.gaps = slices.Delete(s.gaps, half/2, half)
}

// from returns the index of the first gap that ends at n or above.
func (s *numbers) from(n uint64) int {
	return sort.Search(len(s.gaps), func(i int) bool { return s.gaps[i].last >= n })
}

// fill closes the gap at n by that number.
func (s *numbers) fill(n uint64) bool {
	i := s.from(n)
	if i == len(s.gaps) || n < s.gaps[i].first {
		return false
	}
	g := &s.gaps[i]
	s.missing--
	switch {
	case g.missing == 1:
		s.gaps = slices.Delete(s.gaps, i, i+1)
	case !g.whole():
		g.missing--
	case n == g.first:
		g.first, g.missing = n+1, g.missing-1
	case n == g.last:
		g.last, g.missing = n-1, g.missing-1
	default:
		left, right := gap{g.first, n - 1, n - g.first}, gap{n + 1, g.last, g.last - n}
		*g = left
		s.gaps = slices.Insert(s.gaps, i+1, right)
	}
	return true
}

// lose accounts for count missing numbers from first to last, and returns how
// many it found to be missing there. More than count stay missing; fewer are
// all that there were.
func (s *numbers) lose(first, last, count uint64) (found uint64) {
	s.raise(last)
	i := s.from(first)
	if i < len(s.gaps) {
		i += s.cut(i, first)
	}
	end := i
	for end < len(s.gaps) && s.gaps[end].first <= last {
		if s.gaps[end].last > last && s.cut(end, last+1) == 0 {
			break
		}
		found += s.gaps[end].missing
		end++
	}
	if end == i {
		return 0
	}
	s.missing -= min(found, count)
	if found <= count {
		s.gaps = slices.Delete(s.gaps, i, end)
		return found
	}
	s.gaps[i] = gap{s.gaps[i].first, s.gaps[end-1].last, found - count}
	s.gaps = slices.Delete(s.gaps, i+1, end)
	return found
}

// cut splits gap i before number n, which is not above its end, and returns how
// many gaps that makes below n: one or none. Of a merged gap it is a guess, in
// proportion, how many numbers are missing on which side.
func (s *numbers) cut(i int, n uint64) int {
	g := s.gaps[i]
	if n <= g.first {
		return 0
	}
	below, above := n-g.first, g.last-n+1
	left := below
	if !g.whole() {
		left = uint64(float64(g.missing) * (float64(below) / float64(below+above)))
		left = min(max(left, g.missing-min(g.missing, above)), below, g.missing)
	}
	switch left {
	case 0:
		s.gaps[i].first = n
		return 0
	case g.missing:
		s.gaps[i].last = n - 1
		return 1
	}
	s.gaps[i] = gap{g.first, n - 1, left}
	s.gaps = slices.Insert(s.gaps, i+1, gap{n, g.last, g.missing - left})
	return 1
}

// settle ends the sequence.
func (s *numbers) settle() {
	if s.ahead != 0 {
		s.raise(s.ahead)
	}
}

// given is how many numbers were given out, as far as the journal tells.
func (s *numbers) given() uint64 { return s.high - s.low }

// firstMissing returns the oldest gap.
func (s *numbers) firstMissing() (gap, bool) {
	if len(s.gaps) == 0 {
		return gap{}, false
	}
	return s.gaps[0], true
}
