// SPDX-License-Identifier: Apache-2.0

// Package quote makes untrusted bytes fit to be shown.
//
// File names, program names and arguments are chosen by whoever made them. Put
// raw on a terminal they could move the cursor, recolour the screen, reverse
// the reading order or pretend to be another line of output. So vexj prints:
//
//   - a string of plain ASCII (letters, digits and punctuation other than the
//     double quote and the backslash) and of printable Unicode as it is;
//   - anything else inside double quotes, with \" \\ \n \r \t, \xNN for each
//     other ASCII control byte and for each byte that is not UTF-8, \uNNNN or
//     \UNNNNNNNN for each character that is not printable or that shows nothing:
//     C1 controls, bidirectional controls, zero-width and other format
//     characters, line separators, spaces other than U+0020, fillers,
//     variation selectors, private use and unassigned ones.
//
// An empty string and one with a space are quoted as well, so that words of a
// line can be told apart. The quoted form is a Go string literal and a reader
// gets the exact bytes back by strconv.Unquote.
package quote
