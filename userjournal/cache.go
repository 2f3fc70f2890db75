// SPDX-License-Identifier: Apache-2.0

package userjournal

import "container/list"

const defaultCache = 8 << 20

// A blockCache keeps the blocks that single records were last looked up in.
type blockCache struct {
	limit int // bytes
	used  int
	byKey map[blockKey]*list.Element
	order list.List // of *cachedBlock, the last used in front
}

// A blockKey names a block by its first ordinal: it is at another offset once
// its segment was archived.
type blockKey struct {
	salt, first uint64
}

type cachedBlock struct {
	key    blockKey
	buffer *blockBuffer
}

func (c *blockCache) clear() {
	c.byKey, c.used = nil, 0
	c.order.Init()
}

func (c *blockCache) get(k blockKey) *blockBuffer {
	e := c.byKey[k]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedBlock).buffer
}

// put keeps a block, whose buffer is the cache's from now on.
func (c *blockCache) put(k blockKey, b *blockBuffer) {
	if c.byKey == nil {
		c.byKey = make(map[blockKey]*list.Element)
	}
	if c.byKey[k] != nil {
		return
	}
	c.byKey[k] = c.order.PushFront(&cachedBlock{k, b})
	c.used += b.cost()
	for c.used > c.limit && c.order.Len() > 1 {
		old := c.order.Remove(c.order.Back()).(*cachedBlock)
		delete(c.byKey, old.key)
		c.used -= old.buffer.cost()
	}
}

// cost is what the block takes once trim has let go of the rest.
func (b *blockBuffer) cost() int { return cap(b.records) + 4*cap(b.starts) }

// trim lets go of what only decoding needs.
func (b *blockBuffer) trim() {
	if b.blk.codec != CodecNone {
		b.file = nil
	}
	b.raw, b.unpack = nil, unpacker{}
	b.blk.zone.filter = nil
}
