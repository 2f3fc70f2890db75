// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// A Digest is the BLAKE3 of the records of a block, or a value of the chain that
// runs over all blocks of a journal, which is a SHA-256. See "The chain" in the
// package documentation.
type Digest [sha256.Size]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// chainStart is the value before the first block of a segment. fields are the
// first hdrCopy bytes of its header, among them the value that the segment
// before ended with.
func chainStart(fields []byte) Digest { return sha256.Sum256(fields) }

// after is the value behind a block that has the records from first on.
func (d Digest) after(first, records uint64, digest Digest) Digest {
	var b [2*len(d) + 16]byte
	copy(b[:], d[:])
	le.PutUint64(b[len(d):], first)
	le.PutUint64(b[len(d)+8:], records)
	copy(b[len(d)+16:], digest[:])
	return sha256.Sum256(b[:])
}

// A link is how far Verify has followed the chain. It is not known behind a hole
// of which no footer says what was in it.
type link struct {
	value Digest
	known bool
}

// chained holds a block against what is before it, and goes on behind it.
func (v *verifier) chained(offset int64, b *block) {
	at := v.link
	v.link = link{b.after(), true}
	broken := at.known && b.before != at.value
	if broken {
		v.fault(offset, b.size(), fmt.Errorf("chain: what is before record %d is not what was there when it was written", b.zone.First))
	}
	if broken || !at.known {
		v.witness.run = 0
	}
}

// skip goes past blocks that are missing: the footer has their digests.
func (v *verifier) skip(s *segment, first, last uint64) {
	if last < first {
		return
	}
	if s.sealed() {
		for i, e := range s.footer.entries {
			if e.first == first && e.last() <= last {
				v.link.value = v.link.value.after(e.first, uint64(e.records), s.footer.digests[i])
				first = e.last() + 1
				v.reach(s, e.last())
			}
		}
	}
	v.link.known = v.link.known && first == last+1
}
