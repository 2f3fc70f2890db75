// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"vexj/uapi"
)

// A cursor into a set names a record and, for the order in which it was read, the
// ordinals of the other shards that had come before it; see "Shards" in the package
// documentation.
const setCursorPrefix = "vexj1s."

// Cursor is the text that names the record with the ordinal, the last one that
// was passed at the position. Of a journal by itself it is that of
// [Reader.Cursor].
func (s *Set) Cursor(at Position, ordinal uint64, rec uapi.Record) string {
	if s.alone() {
		return s.shards[0].Cursor(ordinal, rec).String()
	}
	shard, own := ParseShardOrdinal(len(s.shards), ordinal)
	b := append([]byte(nil), s.id[:]...)
	b = le.AppendUint64(b, rec.EventID())
	b = binary.AppendUvarint(b, uint64(shard))
	for i, n := range at {
		if i == shard {
			n = own
		}
		b = binary.AppendUvarint(b, n)
	}
	b = le.AppendUint32(b, checksum(0, b))
	return setCursorPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// Seek returns the position behind the record that a cursor names, and the one
// before it. If the record is gone the error says where to go on.
func (s *Set) Seek(text string) (before, behind Position, err error) {
	var shard int
	var id uint64
	if s.alone() {
		c, err := ParseCursor(text)
		if err != nil {
			return nil, nil, err
		}
		ordinal, err := s.shards[0].Seek(c)
		if err != nil {
			return nil, nil, err
		}
		return Position{ordinal - 1}, Position{ordinal}, nil
	}
	if behind, shard, id, err = s.parseCursor(text); err != nil {
		return nil, nil, err
	}
	if _, err = s.shards[shard].Seek(Cursor{s.shards[shard].journal, behind[shard], id}); err != nil {
		return nil, nil, err
	}
	before = slices.Clone(behind)
	before[shard]--
	return before, behind, nil
}

func (s *Set) parseCursor(text string) (at Position, shard int, id uint64, err error) {
	code, ok := strings.CutPrefix(text, setCursorPrefix)
	b, err := base64.RawURLEncoding.DecodeString(code)
	n := len(b) - 4
	if !ok || err != nil || n < 24 || le.Uint32(b[n:]) != checksum(0, b[:n]) {
		return nil, 0, 0, cursorTextError(text)
	}
	if !bytes.Equal(b[:16], s.id[:]) {
		return nil, 0, 0, fmt.Errorf("%w: it is of the set %x, this is %x", ErrCursor, b[:16], s.id)
	}
	id = le.Uint64(b[16:])
	rest := bytes.NewReader(b[24:n])
	number, err := binary.ReadUvarint(rest)
	for range s.shards {
		ordinal, bad := binary.ReadUvarint(rest)
		if bad != nil {
			err = bad
		}
		at = append(at, ordinal)
	}
	if err != nil || rest.Len() > 0 || number >= uint64(len(at)) || at[number] == 0 {
		return nil, 0, 0, fmt.Errorf("%w %q: it names no record of %d shards", ErrCursor, text, len(at))
	}
	return at, int(number), id, nil
}
