// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// shape is how a pattern is matched. Nearly all that people write is one of the
// first five, which take a comparison or two.
type shape int

const (
	exact   shape = iota // head
	below                // head/**
	oneStar              // head*tail
	anyFile              // head/**/*tail, or **/*tail
	anyName              // head/**/tail, or **/tail
	general
)

// glob is a compiled path pattern.
type glob struct {
	shape shape
	head  []byte // with the slash before ** in anyFile and anyName
	tail  []byte
	parts []component // of general, whose head and tail are its literal ends
	dir   []byte      // every match is this or below it; empty: no such promise
}

const meta = `*?[]{}\`

// compileGlobs returns one glob for each alternative of the pattern.
func compileGlobs(pattern string) ([]glob, error) {
	alternatives, err := expand(pattern)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	var globs []glob
	for _, p := range alternatives {
		for c := range strings.SplitSeq(p, "/") {
			if !doublestar.ValidatePattern(c) || p == "" {
				return nil, fmt.Errorf("path: %w", bad(pattern))
			}
		}
		if strings.HasSuffix(p, "/") {
			p += "**"
		}
		if !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "**/") && p != "**" {
			p = "**/" + p
		}
		g := shapeOf(p)
		g.dir = dirOf(p)
		globs = append(globs, g)
	}
	return globs, nil
}

func bad(pattern string) error {
	return fmt.Errorf("%w %q; a backslash before *?[]{} takes their meaning away", ErrPattern, pattern)
}

func literal(s string) bool { return !strings.ContainsAny(s, meta) }

func shapeOf(p string) glob {
	if literal(p) {
		return glob{shape: exact, head: []byte(p)}
	}
	if head, ok := strings.CutSuffix(p, "/**"); ok && literal(head) {
		return glob{shape: below, head: []byte(head)}
	}
	head, tail, deep := strings.Cut(p, "**/")
	if deep && literal(head) && (head == "" || strings.HasSuffix(head, "/")) {
		if literal(tail) && tail != "" {
			return glob{shape: anyName, head: []byte(head), tail: []byte(tail)}
		}
		if star, ok := strings.CutPrefix(tail, "*"); ok && literal(star) && !strings.Contains(star, "/") {
			return glob{shape: anyFile, head: []byte(head), tail: []byte(star)}
		}
	}
	head, tail, _ = strings.Cut(p, "*")
	if literal(head) && literal(tail) {
		return glob{shape: oneStar, head: []byte(head), tail: []byte(tail)}
	}
	return glob{shape: general, parts: compileComponents(p), head: literalHead(p), tail: literalTail(p)}
}

// literalHead is what every match begins with. A ** may stand for nothing, and
// takes the slash before it along.
func literalHead(p string) []byte {
	i := strings.IndexAny(p, meta)
	head := p[:i]
	if strings.HasPrefix(p[i:], "**") {
		head = strings.TrimSuffix(head, "/")
	}
	return []byte(head)
}

// literalTail is what every match ends with.
func literalTail(p string) []byte {
	if strings.Contains(p, `\`) {
		return nil
	}
	i := strings.LastIndexAny(p, meta)
	tail := p[i+1:]
	if strings.HasSuffix(p[:i+1], "**") {
		tail = strings.TrimPrefix(tail, "/")
	}
	return []byte(tail)
}

// dirOf is the deepest directory that the pattern names without a wildcard.
func dirOf(p string) []byte {
	i := strings.IndexAny(p, meta)
	if i < 0 {
		return []byte(p)
	}
	if slash := strings.LastIndexByte(p[:i], '/'); slash > 0 {
		return []byte(p[:slash])
	}
	return nil
}

func (g *glob) match(path []byte) bool {
	switch g.shape {
	case exact:
		return bytes.Equal(path, g.head)
	case below:
		return bytes.HasPrefix(path, g.head) && (len(path) == len(g.head) || path[len(g.head)] == '/')
	case oneStar:
		n := len(path) - len(g.tail)
		return n >= len(g.head) && bytes.HasPrefix(path, g.head) && bytes.HasSuffix(path, g.tail) &&
			bytes.IndexByte(path[len(g.head):n], '/') < 0
	case anyFile:
		return bytes.HasPrefix(path, g.head) && bytes.HasSuffix(path[len(g.head):], g.tail)
	case anyName:
		if !bytes.HasPrefix(path, g.head) {
			return false
		}
		rest := path[len(g.head):]
		n := len(rest) - len(g.tail)
		return bytes.HasSuffix(rest, g.tail) && (n == 0 || rest[n-1] == '/')
	}
	return bytes.HasPrefix(path, g.head) && bytes.HasSuffix(path, g.tail) && matchComponents(g.parts, path)
}
