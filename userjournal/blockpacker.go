// SPDX-License-Identifier: Apache-2.0

package userjournal

import "vexj/internal/blake3"

// A blockPacker makes the bytes of one block after the other.
type blockPacker struct {
	pack packer
	sum  summary

	buffer *buffer // whose records they are; the committer gives it back
	own    []byte  // memory for the block
	out    []byte  // the block, in own or in the buffer
	block  block   // but for what chain adds
}

// make packs the records of a sealed buffer, each of which Append has checked. It
// does all that takes its time: what is left for chain is a few bytes.
func (p *blockPacker) make(b *buffer, codec Codec) {
	raw := b.records()
	p.buffer = b
	p.sum.reset(b.first)
	records := p.sum.addAll(raw)
	zone := p.sum.finish()
	header := blkFixedSize + len(zone.filter)
	if codec == CodecNone {
		// The buffer has room for the rest of the block around the records.
		p.out = b.memory[blkHeaderRoom-header : blkHeaderRoom+len(raw)]
	} else {
		p.own = grow(p.own[:0], header)[:header]
		p.own, codec = p.pack.pack(p.own, raw, codec)
		p.out = p.own
	}
	p.block = block{zone: *zone, digest: blake3.Sum256(raw), codec: codec,
		header: header, stored: len(p.out) - header, raw: len(raw), records: records}
	for len(p.out)%blockAlign != 0 {
		p.out = append(p.out, 0)
	}
	clear(p.out[:header])
	encodeBlockHeader(p.out, zone, codec, p.block.stored, p.block.raw, p.block.digest)
	sealData(p.out, header)
}

// chain makes the block the one that comes next in a segment.
func (p *blockPacker) chain(salt uint64, before Digest) {
	p.block.before = before
	chainBlock(p.out, salt, before)
	p.block.headerCRC = sealHeader(p.out, p.block.header)
}
