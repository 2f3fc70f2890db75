// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"

	"github.com/bmatcuk/doublestar/v4"
)

// maxAlternatives bounds what {a,b}{c,d}... may grow to.
const maxAlternatives = 256

// expand returns the patterns without braces that the pattern stands for, each
// of them valid. An error wraps ErrPattern.
func expand(pattern string) ([]string, error) {
	done, rest := []string{}, []string{pattern}
	for len(rest) > 0 {
		p := rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		open, commas, end := firstBraces(p)
		if end < 0 {
			if !doublestar.ValidatePattern(p) {
				return nil, bad(pattern)
			}
			done = append(done, p)
		} else {
			from := open + 1
			for _, to := range append(commas, end) {
				rest = append(rest, p[:open]+p[from:to]+p[end+1:])
				from = to + 1
			}
		}
		if len(done)+len(rest) > maxAlternatives {
			return nil, fmt.Errorf("%w %q: it has more than %d alternatives; use several patterns", ErrPattern, pattern, maxAlternatives)
		}
	}
	return done, nil
}

// firstBraces finds the first braces of p and the commas that part them; end is
// below 0 if there are none.
func firstBraces(p string) (open int, commas []int, end int) {
	depth := 0
	class := false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '{':
			if depth == 0 {
				open = i
			}
			depth++
		case c == ',' && depth == 1:
			commas = append(commas, i)
		case c == '}' && depth > 0:
			depth--
			if depth == 0 {
				return open, commas, i
			}
		}
	}
	return 0, nil, -1
}
