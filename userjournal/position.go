// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"strconv"
	"strings"
)

// A Position is a place between the records of a [Set]: for each shard the
// ordinal of the last record before it, 0 if there is none. Records are passed in
// the order of each shard, so that this says which were.
type Position []uint64

// Pass moves the position behind the record with the ordinal, which is one of
// the set. It is false if that was passed before.
func (p Position) Pass(ordinal uint64) bool {
	i, own := ParseShardOrdinal(len(p), ordinal)
	if own <= p[i] {
		return false
	}
	p[i] = own
	return true
}

// To is the ordinal of the first record between the position and a later one; ok is
// false if there is none. Of the two that [Set.Seek] returns it is the cursor's.
func (p Position) To(behind Position) (ordinal uint64, ok bool) {
	for i := range behind {
		if p[i] != behind[i] {
			return ShardOrdinal(i, len(behind), p[i]+1), true
		}
	}
	return 0, false
}

// Sum is how many records the position has behind it, ever since the journal was
// begun; of a journal by itself it is the ordinal.
func (p Position) Sum() (n uint64) {
	for _, ordinal := range p {
		n += ordinal
	}
	return n
}

// Join moves the position to where in each shard the further of both is.
func (p Position) Join(q Position) {
	for i := range p {
		p[i] = max(p[i], q[i])
	}
}

// Left is how many records lie between the position and a further one.
func (p Position) Left(end Position) (n uint64) {
	for i := range p {
		n += end[i] - min(end[i], p[i])
	}
	return n
}

// String is the ordinals, with commas between them.
func (p Position) String() string {
	words := make([]string, len(p))
	for i, ordinal := range p {
		words[i] = strconv.FormatUint(ordinal, 10)
	}
	return strings.Join(words, ",")
}

// ParsePosition is the inverse of String. "0" is the beginning of any set.
func (s *Set) ParsePosition(text string) (Position, error) {
	p := make(Position, len(s.shards))
	if text == "0" {
		return p, nil
	}
	words := strings.Split(text, ",")
	if len(words) != len(p) {
		return nil, fmt.Errorf("position %q: %w: give %d ordinals with commas between them, one for each shard", text, ErrOption, len(p))
	}
	for i, word := range words {
		n, err := strconv.ParseUint(word, 10, 62)
		if err != nil {
			return nil, fmt.Errorf("position %q: %w: %q is no ordinal", text, ErrOption, word)
		}
		p[i] = n
	}
	return p, nil
}

// End is behind the last records that are visible now.
func (s *Set) End() (Position, error) {
	p := make(Position, len(s.shards))
	for i, r := range s.shards {
		last, err := r.LastOrdinal()
		if err != nil {
			return nil, err
		}
		p[i] = last
	}
	return p, nil
}

// start is before the first records that there are.
func (s *Set) start() Position {
	p := make(Position, len(s.shards))
	for i, r := range s.shards {
		r.mu.Lock()
		if !r.closed {
			p[i] = r.segments[0].first - 1
		}
		r.mu.Unlock()
	}
	return p
}
