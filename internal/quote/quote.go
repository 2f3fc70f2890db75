// SPDX-License-Identifier: Apache-2.0

package quote

import (
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plain holds the bytes that stand for themselves both bare and in quotes.
var plain = func() (t [256]bool) {
	for c := byte('!'); c <= '~'; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// Append appends b to dst, bare if nothing in it needs an escape and in double
// quotes otherwise. It does not allocate when dst has room.
func Append(dst, b []byte) []byte {
	if bare(b) {
		return append(dst, b...)
	}
	return AppendQuoted(dst, b)
}

// AppendQuoted is Append with the quotes even where nothing needs them.
func AppendQuoted(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = escape(dst, b, true)
	return append(dst, '"')
}

// AppendText appends b to dst with escapes but without quotes around it, for
// text that fills the rest of a line. Quotation marks in it stay as they are.
func AppendText(dst, b []byte) []byte { return escape(dst, b, false) }

// String returns what Append makes of s.
func String(s string) string { return string(Append(nil, []byte(s))) }

// Text returns what AppendText makes of s.
func Text(s string) string { return string(AppendText(nil, []byte(s))) }

func bare(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if !plain[c] {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || !visible(r) {
			return false
		}
		i += n
	}
	return true
}

func escape(dst, b []byte, quoted bool) []byte {
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			switch {
			case plain[c], c == ' ', c == '"' && !quoted:
				dst = append(dst, c)
			default:
				dst = escapeASCII(dst, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		case visible(r):
			dst = append(dst, b[i:i+n]...)
		case r < 0x10000:
			dst = hex(append(dst, '\\', 'u'), uint32(r), 4)
		default:
			dst = hex(append(dst, '\\', 'U'), uint32(r), 8)
		}
		i += n
	}
	return dst
}

func escapeASCII(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

// visible says whether r leaves a mark of its own on a terminal and does
// nothing else to it.
func visible(r rune) bool {
	return unicode.IsPrint(r) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) &&
		!unicode.Is(unicode.Variation_Selector, r)
}

func hex(dst []byte, v uint32, digits int) []byte {
	for s := 4 * (digits - 1); s >= 0; s -= 4 {
		dst = append(dst, hexDigits[v>>s&15])
	}
	return dst
}
