// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A keyIndexWriter writes an index from postings that come in order.
type keyIndexWriter struct {
	file   File
	blocks int

	size  int64 // of the pages that are complete
	dir   []byte
	pages uint32
	keys  uint32

	out  []byte // complete pages that are not written yet
	page []byte
	last uint64 // key
	list []byte // of one key
}

// keyIndexBuffer is how much of the pages is written at once.
const keyIndexBuffer = 64 << 10

// put adds sorted postings, all of higher keys than those before.
func (w *keyIndexWriter) put(list []uint64) error {
	for len(list) > 0 {
		n, key := 1, postingKey(list[0])
		for n < len(list) && postingKey(list[n]) == key {
			n++
		}
		w.entry(key, list[:n])
		list = list[n:]
		if len(w.page) >= keyPage {
			if err := w.endPage(); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry adds one key with its blocks, as a list or as a bitmap, whichever is
// shorter.
func (w *keyIndexWriter) entry(key uint64, list []uint64) {
	if len(w.page) == 0 {
		w.dir = le.AppendUint64(w.dir, key)
		w.last = key
	}
	w.page = binary.AppendUvarint(w.page, key-w.last)
	w.last = key
	w.keys++
	bitmap := (w.blocks + 7) / 8
	w.list = w.list[:0]
	next := 0
	for _, p := range list {
		w.list = binary.AppendUvarint(w.list, uint64(postingBlock(p)-next))
		if next = postingBlock(p) + 1; len(w.list) > bitmap {
			break
		}
	}
	if len(w.list) <= bitmap {
		w.page = binary.AppendUvarint(w.page, uint64(len(list))<<1)
		w.page = append(w.page, w.list...)
		return
	}
	w.page = binary.AppendUvarint(w.page, uint64(len(list))<<1|1)
	at := len(w.page)
	w.page = append(w.page, make([]byte, bitmap)...)
	for _, p := range list {
		block := postingBlock(p)
		w.page[at+block/8] |= 1 << (block % 8)
	}
}

func (w *keyIndexWriter) endPage() error {
	w.dir = le.AppendUint32(w.dir, uint32(len(w.page)))
	w.dir = le.AppendUint32(w.dir, checksum(0, w.page))
	w.pages++
	w.out = append(w.out, w.page...)
	w.page = w.page[:0]
	if len(w.out) < keyIndexBuffer {
		return nil
	}
	return w.flush()
}

func (w *keyIndexWriter) flush() error {
	n, err := w.file.WriteAt(w.out, w.size)
	w.size += int64(n)
	w.out = w.out[:0]
	return err
}

// finish writes what is left, the directory and the tail.
func (w *keyIndexWriter) finish(id segmentIdentity) error {
	if len(w.page) > 0 {
		if err := w.endPage(); err != nil {
			return err
		}
	}
	b := append(w.dir, id[:]...)
	b = le.AppendUint32(b, uint32(w.blocks))
	b = le.AppendUint32(b, w.pages)
	b = le.AppendUint32(b, w.keys)
	b = le.AppendUint32(b, keyIndexVersion)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, checksum(0, b))
	w.out = append(append(w.out, b...), keyIndexMagic[:]...)
	return w.flush()
}

// writeIndex makes the index of a sealed segment, from its postings or, if they
// are nil or not all, from its records. A file that is not whole never gets the
// name; that it may not survive a crash costs no more than to make it again.
func writeIndex(fsys FS, dir string, s *segment, p *postings) (err error) {
	name := filepath.Join(dir, indexName(s.name))
	temp := fmt.Sprintf("%s.%d%s", name, os.Getpid(), tempSuffix)
	_ = fsys.Remove(temp) // of a process that had this pid
	f, err := fsys.Create(temp)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = fsys.Remove(temp)
		}
	}()
	w := &keyIndexWriter{file: f, blocks: len(s.footer.entries)}
	if p != nil && !p.over {
		p.sort()
		err = w.put(p.list)
	} else {
		err = w.scan(fsys, dir, s)
	}
	if err == nil {
		err = w.finish(s.identity())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return fsys.Rename(temp, name)
}

// scan makes the postings from the records. If there are too many for memory it
// goes over the segment several times, each time for some of the keys.
func (w *keyIndexWriter) scan(fsys FS, dir string, s *segment) error {
	f, err := fsys.Open(filepath.Join(dir, s.name))
	if err != nil {
		return err
	}
	defer f.Close()
	k := keyScan{file: f, segment: s}
	for from := uint64(0); from < 1<<postingKeyBits; from = k.below {
		if err := k.pass(from); err != nil {
			return err
		}
		if err := w.put(k.list.list); err != nil {
			return err
		}
	}
	return nil
}

// A keyScan collects the postings with keys in a range.
type keyScan struct {
	file    File
	segment *segment
	buffer  blockBuffer
	sum     summary
	one     postings // of one block
	list    postings
	below   uint64 // key
}

func (k *keyScan) pass(from uint64) error {
	k.list.reset()
	k.below = 1 << postingKeyBits
	entries := k.segment.footer.entries
	for i := range entries {
		k.one.reset()
		switch err := k.buffer.load(k.file, &entries[i], k.segment.header.Salt); {
		case errors.Is(err, ErrDamaged):
			k.one.list = append(k.one.list, posting(unknownKey, i))
		case err != nil:
			return err
		default:
			k.sum.reset(1)
			k.sum.addAll(k.buffer.records)
			k.one.add(i, &k.sum)
		}
		for _, p := range k.one.list {
			if key := postingKey(p); key >= from && key < k.below {
				k.list.list = append(k.list.list, p)
			}
		}
		k.narrow()
	}
	k.list.sort()
	return nil
}

// narrow leaves the upper half of the keys for the next pass if there are too
// many.
func (k *keyScan) narrow() {
	for len(k.list.list) > maxPostings {
		k.list.sort()
		n := len(k.list.list) / 2
		if n < maxPostings/4 {
			return
		}
		// The keys of one block are far fewer than this half, so it begins
		// above the first.
		k.below = postingKey(k.list.list[n])
		for n > 0 && postingKey(k.list.list[n-1]) == k.below {
			n--
		}
		k.list.list = k.list.list[:n]
	}
}
