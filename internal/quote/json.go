// SPDX-License-Identifier: Apache-2.0

package quote

import (
	"unicode/utf8"
)

// AppendJSON appends b to dst as a JSON string. Characters that Append would
// escape are written as \uNNNN, so that JSON on a terminal is as harmless as
// text; a JSON reader gets them back unchanged. Bytes that are not UTF-8 become
// U+FFFD: JSON cannot carry them, see Valid.
func AppendJSON(dst, b []byte) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			switch {
			case plain[c], c == ' ':
				dst = append(dst, c)
			case c == '"', c == '\\', c == '\n', c == '\r', c == '\t':
				dst = escapeASCII(dst, c)
			default:
				dst = hex(append(dst, '\\', 'u'), uint32(c), 4)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, `\ufffd`...)
		case visible(r):
			dst = append(dst, b[i:i+n]...)
		case r < 0x10000:
			dst = hex(append(dst, '\\', 'u'), uint32(r), 4)
		default:
			v := uint32(r) - 0x10000
			dst = hex(append(dst, '\\', 'u'), 0xd800+v>>10, 4)
			dst = hex(append(dst, '\\', 'u'), 0xdc00+v&0x3ff, 4)
		}
		i += n
	}
	return append(dst, '"')
}

// Valid says whether JSON can carry b without loss.
func Valid(b []byte) bool { return utf8.Valid(b) }
