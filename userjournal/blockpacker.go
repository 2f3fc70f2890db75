// SPDX-License-Identifier: Apache-2.0

package userjournal

// A blockPacker makes the bytes of one block after the other. The committer has
// several, so that compression is not bound to one CPU; each works in a
// goroutine of its own on what it is given, and is the committer's again when it
// says so on done.
type blockPacker struct {
	in   chan []byte
	done chan struct{}

	pack packer
	sum  summary

	buffer *buffer // the records' own; the committer gives it back

	out     []byte // the block, but for salt, first ordinal and checksums
	zone    *ZoneMap
	codec   Codec
	header  int // bytes of out
	stored  int // bytes of out behind the header, without the padding
	raw     int
	records int
	digest  Digest // of the records
}

func newBlockPacker(codec Codec) *blockPacker {
	p := &blockPacker{in: make(chan []byte), done: make(chan struct{}, 1)}
	go func() {
		for raw := range p.in {
			p.make(raw, codec)
			p.done <- struct{}{}
		}
	}()
	return p
}

// make packs the records in raw, each of which Append has checked.
func (p *blockPacker) make(raw []byte, codec Codec) {
	p.sum.reset(1)
	p.records = p.sum.addAll(raw)
	p.zone = p.sum.finish()
	p.digest = digestRecords(raw)
	p.header = blkFixedSize + len(p.zone.filter)
	p.out = grow(p.out[:0], p.header)[:p.header]
	clear(p.out)
	p.out, p.codec = p.pack.pack(p.out, raw, codec)
	p.stored, p.raw = len(p.out)-p.header, len(raw)
	for len(p.out)%blockAlign != 0 {
		p.out = append(p.out, 0)
	}
}
