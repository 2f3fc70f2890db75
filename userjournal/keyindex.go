// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// Offsets in the tail that ends an index, and in the directory before it.
const (
	kixSegment    = 0 // identity of the segment
	kixRecords    = 48
	kixMinKtime   = 56
	kixMaxKtime   = 64
	kixWallOffset = 72
	kixBlocks     = 80  // u32
	kixPages      = 84  // u32
	kixKeys       = 88  // u32
	kixFlags      = 92  // u32: sealedDamaged, as in the footer
	kixVersion    = 96  // u32
	kixCRC        = 100 // u32: of directory and tail up to here
	kixMagic      = 104
	kixTail       = 112

	dirKey   = 0 // u64: the first of the page
	dirBytes = 8
	dirCRC   = 12
	dirSize  = 16

	keyIndexVersion = 2
	indexSuffix     = ".usji"
	tempSuffix      = ".tmp"

	// keyPage is when a page is full. One key can make it longer, by a bitmap
	// of maxBlocks at most.
	keyPage    = 8 << 10
	maxKeyPage = keyPage + maxBlocks/8 + 2*binary.MaxVarintLen64
	// keyIndexGuess is read at first: it has the directory of most.
	keyIndexGuess = 16 << 10
	maxKeyPages   = 1 << 20
)

var keyIndexMagic = [8]byte{0x8f, 'U', 'S', 'J', 'i', 'd', 'x', '\n'}

// A segmentIdentity is what an index is held against: the index of another
// segment, or of what a segment was before, is stale.
type segmentIdentity [48]byte

func makeIdentity(salt, first uint64, chain []byte) (id segmentIdentity) {
	le.PutUint64(id[0:], salt)
	le.PutUint64(id[8:], first)
	copy(id[16:], chain)
	return id
}

func (s *segment) identity() segmentIdentity {
	return makeIdentity(s.header.Salt, s.first, s.footer.chain[:])
}

// readIdentity takes the identity from the end of a segment. If that is
// damaged, no index has the same.
func readIdentity(f File, first uint64) (id segmentIdentity, err error) {
	size, err := f.Size()
	if err != nil {
		return id, err
	}
	if size < trailer {
		return id, errNoFooter
	}
	var t [trailer]byte
	if err := readFull(f, t[:], size-trailer); err != nil {
		return id, err
	}
	if [8]byte(t[trlMagic:]) != trailerMagic {
		return id, errNoFooter
	}
	return makeIdentity(le.Uint64(t[trlSalt:]), first, t[trlChain:trlChain+32]), nil
}

// indexName is the file that has the index of the segment.
func indexName(segment string) string { return strings.TrimSuffix(segment, fileSuffix) + indexSuffix }

// errStale: the index is not of the segment as it is now.
var errStale = fmt.Errorf("%w: index of another segment", ErrDamaged)

// A keyIndex says which blocks of a sealed segment have a key. It keeps the
// directory of its pages and reads one page for each key that it is asked for.
type keyIndex struct {
	file   File
	blocks int
	keys   int
	pages  []keyPageRef
	page   []byte

	records            uint64
	minKtime, maxKtime uint64
	wallOffset         int64
	damaged            bool // blocks are missing between those listed
}

type keyPageRef struct {
	first  uint64
	offset int64
	bytes  uint32
	crc    uint32
}

// openIndex opens the index of a sealed segment. If there is none that can be
// used, the error is one that gone knows.
func (r *Reader) openIndex(x *index) (*keyIndex, error) {
	f, err := r.fs.Open(filepath.Join(x.dir, indexName(x.name)))
	if err != nil {
		return nil, err
	}
	k := &keyIndex{file: f}
	id, err := r.identity(x)
	if err == nil {
		err = k.load(id)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", indexName(x.name), err), f.Close())
	}
	return k, nil
}

// identity reads no more of the segment than it must: its footer has an entry
// for each block.
func (r *Reader) identity(x *index) (id segmentIdentity, err error) {
	if x.loaded && x.sealed() {
		return x.identity(), nil
	}
	f, err := r.open(x)
	if err != nil {
		return id, err
	}
	defer f.Close()
	return readIdentity(f, x.first)
}

// candidates are the blocks of a sealed segment that may have a record with a
// key of each group; nil if it has no index to tell.
func (r *Reader) candidates(x *index, groups [][]Key) (blockSet, error) {
	k, err := r.openIndex(x)
	if err == nil {
		defer k.close()
		var found blockSet
		if found, err = k.candidates(groups); err == nil {
			return found, nil
		}
	}
	if noIndex(err) {
		return nil, nil
	}
	return nil, err
}

func (k *keyIndex) load(id segmentIdentity) error {
	size, err := k.file.Size()
	if err != nil {
		return err
	}
	n := min(size, keyIndexGuess)
	if n < kixTail {
		return damaged("no index: %w", ErrTruncated)
	}
	b := make([]byte, n)
	if err := readFull(k.file, b, size-n); err != nil {
		return err
	}
	tail := b[len(b)-kixTail:]
	pages := int64(le.Uint32(tail[kixPages:]))
	need := pages*dirSize + kixTail
	switch {
	case [8]byte(tail[kixMagic:]) != keyIndexMagic:
		return damaged("no index")
	case le.Uint32(tail[kixVersion:]) != keyIndexVersion:
		return damaged("index of version %d", le.Uint32(tail[kixVersion:]))
	case segmentIdentity(tail[kixSegment:]) != id:
		return errStale
	case pages > maxKeyPages || need > size:
		return damaged("index: %d pages in %d bytes", pages, size)
	case need > n:
		b = make([]byte, need)
		if err := readFull(k.file, b, size-need); err != nil {
			return err
		}
	}
	return k.decode(b[int64(len(b))-need:], size)
}

// decode reads directory and tail, which b is.
func (k *keyIndex) decode(b []byte, size int64) error {
	tail := b[len(b)-kixTail:]
	if le.Uint32(tail[kixCRC:]) != checksum(0, b[:len(b)-kixTail+kixCRC]) {
		return damaged("index: checksum differs")
	}
	k.blocks, k.keys = int(le.Uint32(tail[kixBlocks:])), int(le.Uint32(tail[kixKeys:]))
	k.records, k.damaged = le.Uint64(tail[kixRecords:]), le.Uint32(tail[kixFlags:])&sealedDamaged != 0
	k.minKtime, k.maxKtime = le.Uint64(tail[kixMinKtime:]), le.Uint64(tail[kixMaxKtime:])
	k.wallOffset = int64(le.Uint64(tail[kixWallOffset:]))
	if k.blocks > maxBlocks {
		return damaged("index: %d blocks", k.blocks)
	}
	offset, before := int64(0), uint64(0)
	k.pages = make([]keyPageRef, 0, (len(b)-kixTail)/dirSize)
	for d := b[:len(b)-kixTail]; len(d) > 0; d = d[dirSize:] {
		p := keyPageRef{le.Uint64(d[dirKey:]), offset, le.Uint32(d[dirBytes:]), le.Uint32(d[dirCRC:])}
		if p.bytes == 0 || p.bytes > maxKeyPage || len(k.pages) > 0 && p.first <= before {
			return damaged("index: impossible page at %d", offset)
		}
		offset, before = offset+int64(p.bytes), p.first
		k.pages = append(k.pages, p)
	}
	if offset != size-int64(len(b)) {
		return damaged("index: pages end at %d", offset)
	}
	return nil
}

func (k *keyIndex) close() { _ = k.file.Close() }

// candidates are the blocks that have of each group at least one key, and perhaps
// others. Groups of few keys are asked first: mostly they leave few blocks, and to read
// those costs no more than to look up many further keys.
func (k *keyIndex) candidates(groups [][]Key) (blockSet, error) {
	groups = slices.SortedStableFunc(slices.Values(groups), func(a, b []Key) int { return cmp.Compare(len(a), len(b)) })
	var found blockSet
	for _, group := range groups {
		if found != nil && found.count() < len(group) {
			break
		}
		some := newBlockSet(k.blocks)
		for _, key := range group {
			if err := k.lookup(key, some); err != nil {
				return nil, err
			}
		}
		if found == nil {
			found = some
		} else {
			found.intersect(some)
		}
	}
	return found, k.lookup(unknownKey, found)
}

// lookup adds the blocks that have the key.
func (k *keyIndex) lookup(key Key, to blockSet) error {
	want := postingKey(uint64(key))
	i := sort.Search(len(k.pages), func(i int) bool { return k.pages[i].first > want }) - 1
	if i < 0 {
		return nil
	}
	p := &k.pages[i]
	if err := k.read(p); err != nil {
		return err
	}
	d := pageDecoder{rest: k.page, key: p.first, blocks: k.blocks}
	for len(d.rest) > 0 {
		found, err := d.next(want, to)
		if err != nil {
			return fmt.Errorf("%w in the page at %d", err, p.offset)
		}
		if found || d.key > want {
			break
		}
	}
	return nil
}

func (k *keyIndex) read(p *keyPageRef) error {
	k.page = slices.Grow(k.page[:0], int(p.bytes))[:p.bytes]
	if err := readFull(k.file, k.page, p.offset); err != nil {
		return err
	}
	if checksum(0, k.page) != p.crc {
		return damaged("index: page at %d: checksum differs", p.offset)
	}
	return nil
}

// checkPage reads a page and returns how many keys it has.
func (k *keyIndex) checkPage(p *keyPageRef) (keys int, err error) {
	if err := k.read(p); err != nil {
		return 0, err
	}
	some := newBlockSet(k.blocks)
	for d := (pageDecoder{rest: k.page, key: p.first, blocks: k.blocks}); len(d.rest) > 0; keys++ {
		if _, err := d.next(p.first, some); err != nil {
			return 0, err
		}
	}
	return keys, nil
}

// A pageDecoder goes from key to key of a page.
type pageDecoder struct {
	rest   []byte
	key    uint64
	blocks int
}

var errPage = damaged("index: no whole entry")

// next goes to the next key, and adds its blocks if it is the wanted one.
func (d *pageDecoder) next(want uint64, to blockSet) (bool, error) {
	d.key += d.uvarint()
	n := d.uvarint()
	count, wanted := n>>1, d.key == want
	if n&1 != 0 {
		size := uint64(d.blocks+7) / 8
		if uint64(len(d.rest)) < size {
			return false, errPage
		}
		if wanted {
			to.addBitmap(d.rest[:size])
		}
		d.rest = d.rest[size:]
		return wanted, nil
	}
	if count == 0 || count > uint64(len(d.rest)) {
		return false, errPage
	}
	for block := uint64(0); count > 0; count-- {
		block += d.uvarint()
		if block >= uint64(d.blocks) {
			return false, errPage
		}
		if wanted {
			to.add(int(block))
		}
		block++
	}
	return wanted, nil
}

// uvarint returns a number that leads to errPage where none is whole.
func (d *pageDecoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.rest = nil
		return 1 << 62
	}
	d.rest = d.rest[n:]
	return v
}

// A blockSet has a bit for each block of a segment.
type blockSet []uint64

func newBlockSet(blocks int) blockSet { return make(blockSet, (blocks+63)/64) }

func (s blockSet) add(block int)      { s[block/64] |= 1 << (block % 64) }
func (s blockSet) has(block int) bool { return block/64 < len(s) && s[block/64]>>(block%64)&1 != 0 }

func (s blockSet) addBitmap(b []byte) {
	for i, c := range b {
		s[i/8] |= uint64(c) << (i % 8 * 8)
	}
}

func (s blockSet) intersect(o blockSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s blockSet) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s blockSet) empty() bool {
	return !slices.ContainsFunc(s, func(w uint64) bool { return w != 0 })
}

// noIndex: there is none that can be used, which makes a search slower and no
// less right.
func noIndex(err error) bool { return errors.Is(err, ErrDamaged) || notExist(err) }

func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
