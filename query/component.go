// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// component is a pattern for what stands between two slashes. None of them at
// all is **, for any number of components.
type component []token

type token struct {
	kind    tokenKind
	literal []byte
	ranges  []runeRange
	negated bool
}

type tokenKind int

const (
	star tokenKind = iota
	anyRune
	class
	text
)

type runeRange struct{ low, high rune }

// compileComponents takes a valid pattern without braces.
func compileComponents(p string) []component {
	var parts []component
	for _, c := range strings.Split(p, "/") {
		if c != "**" {
			parts = append(parts, compileComponent(c))
		} else if n := len(parts); n == 0 || parts[n-1] != nil {
			parts = append(parts, nil)
		}
	}
	return parts
}

func compileComponent(p string) component {
	c := component{}
	plain := func(b ...byte) {
		if n := len(c); n > 0 && c[n-1].kind == text {
			c[n-1].literal = append(c[n-1].literal, b...)
			return
		}
		c = append(c, token{kind: text, literal: b})
	}
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '*':
			if n := len(c); n == 0 || c[n-1].kind != star {
				c = append(c, token{kind: star})
			}
		case '?':
			c = append(c, token{kind: anyRune})
		case '[':
			t, n := compileClass(p[i+1:])
			c = append(c, t)
			i += n
		case '\\':
			i++
			plain(p[i])
		default:
			plain(p[i])
		}
	}
	return c
}

// compileClass takes what follows a '[', and returns how long the class is.
func compileClass(p string) (token, int) {
	t := token{kind: class}
	n := 0
	if p[n] == '^' || p[n] == '!' {
		t.negated = true
		n++
	}
	next := func() rune {
		if p[n] == '\\' {
			n++
		}
		r, size := utf8.DecodeRuneInString(p[n:])
		n += size
		return r
	}
	for p[n] != ']' {
		low := next()
		high := low
		if p[n] == '-' && p[n+1] != ']' {
			n++
			high = next()
		}
		t.ranges = append(t.ranges, runeRange{low, high})
	}
	return t, n + 1
}

// matchComponents goes along the path once. Where a component does not match,
// the last ** before it takes one more: an earlier one need not, as it takes
// nothing that the later one could not.
func matchComponents(parts []component, path []byte) bool {
	retry, retryPath := -1, 0
	i, at := 0, 0 // at > len(path): all is matched
	for at <= len(path) {
		if i < len(parts) && parts[i] == nil {
			i++
			if i == len(parts) {
				return true
			}
			retry, retryPath = i, at
			continue
		}
		end := len(path)
		if n := bytes.IndexByte(path[at:], '/'); n >= 0 {
			end = at + n
		}
		switch {
		case i < len(parts) && parts[i].match(path[at:end]):
			i++
			at = end + 1
		case retry >= 0:
			n := bytes.IndexByte(path[retryPath:], '/')
			if n < 0 {
				return false
			}
			retryPath += n + 1
			i, at = retry, retryPath
		default:
			return false
		}
	}
	return i == len(parts) || i == len(parts)-1 && parts[i] == nil
}

// match is the same for the tokens of a component and its *.
func (c component) match(name []byte) bool {
	retry, retryName := -1, 0
	i, at := 0, 0
	for i < len(c) || at < len(name) {
		if i < len(c) && c[i].kind == star {
			i++
			if i == len(c) {
				return true
			}
			retry, retryName = i, at
			continue
		}
		if i < len(c) {
			if n := c[i].match(name[at:]); n > 0 {
				i++
				at += n
				continue
			}
		}
		if retry < 0 || retryName == len(name) {
			return false
		}
		_, n := utf8.DecodeRune(name[retryName:])
		retryName += n
		i, at = retry, retryName
	}
	return true
}

// match returns how many bytes at the start of name the token takes; 0 if it
// does not match. It is not asked of a star.
func (t *token) match(name []byte) int {
	if t.kind == text {
		if bytes.HasPrefix(name, t.literal) {
			return len(t.literal)
		}
		return 0
	}
	r, n := utf8.DecodeRune(name)
	if n == 0 || t.kind == anyRune {
		return n
	}
	for _, rg := range t.ranges {
		if r >= rg.low && r <= rg.high {
			if t.negated {
				return 0
			}
			return n
		}
	}
	if t.negated {
		return n
	}
	return 0
}
