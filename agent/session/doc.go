// SPDX-License-Identifier: Apache-2.0

// Package session says who acts: an agent by its name, and the session in which
// it does, by a text that a record has room for 64 bits of.
//
// # The number of a session
//
// What agents call a session is a text: a UUID, a thread's name, a number. A record
// bears a u64 in its SESSION attribute, and the intent that began a session bears
// the text (see package intent). The number is made like this:
//
//   - a decimal number from 1 to 2^64-1, without sign or leading zeros, is itself;
//   - any other text is the first eight bytes of the SHA-256 of "vexj session\x00"
//     and the text, as a big-endian number, with the highest bit set;
//   - no text is 0, which stands for no session.
//
// SHA-256, so that nobody can choose a text that collides with another's session;
// the highest bit, so that a text never collides with a session that somebody
// numbers by counting.
package session
