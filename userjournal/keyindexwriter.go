// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A keyIndexWriter writes an index from postings that come in order.
type keyIndexWriter struct {
	file   File
	blocks int

	size  int64 // of what is written
	dir   []byte
	pages uint32
	keys  uint32

	out  []byte // whole pages that are not written yet
	page []byte
	last uint64 // key of the page
	key  []int  // blocks of the key that is under way
	next uint64 // this key
	list []byte
}

// keyIndexBuffer is how much of the pages is written at once.
const keyIndexBuffer = 64 << 10

// add takes the next posting.
func (w *keyIndexWriter) add(p uint64) error {
	if k := postingKey(p); len(w.key) > 0 && k != w.next {
		if err := w.endKey(); err != nil {
			return err
		}
	}
	w.next = postingKey(p)
	w.key = append(w.key, postingBlock(p))
	return nil
}

// endKey adds the key to the page, with its blocks as a list or as a bitmap,
// whichever is shorter.
func (w *keyIndexWriter) endKey() error {
	if len(w.page) == 0 {
		w.dir = le.AppendUint64(w.dir, w.next)
		w.last = w.next
	}
	w.page = binary.AppendUvarint(w.page, w.next-w.last)
	w.last = w.next
	w.keys++
	bitmap := (w.blocks + 7) / 8
	w.list = w.list[:0]
	next := 0
	for _, block := range w.key {
		w.list = binary.AppendUvarint(w.list, uint64(block-next))
		if next = block + 1; len(w.list) > bitmap {
			break
		}
	}
	if len(w.list) <= bitmap {
		w.page = binary.AppendUvarint(w.page, uint64(len(w.key))<<1)
		w.page = append(w.page, w.list...)
	} else {
		w.page = binary.AppendUvarint(w.page, uint64(len(w.key))<<1|1)
		at := len(w.page)
		w.page = append(w.page, make([]byte, bitmap)...)
		for _, block := range w.key {
			w.page[at+block/8] |= 1 << (block % 8)
		}
	}
	w.key = w.key[:0]
	if len(w.page) < keyPage {
		return nil
	}
	return w.endPage()
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
func (w *keyIndexWriter) finish(s *segment) error {
	if len(w.key) > 0 {
		if err := w.endKey(); err != nil {
			return err
		}
	}
	if len(w.page) > 0 {
		if err := w.endPage(); err != nil {
			return err
		}
	}
	id := s.identity()
	b := append(w.dir, id[:]...)
	b = le.AppendUint64(b, s.footer.records)
	b = le.AppendUint64(b, s.footer.extremes.minKtime)
	b = le.AppendUint64(b, s.footer.extremes.maxKtime)
	b = le.AppendUint64(b, uint64(s.header.WallOffset))
	b = le.AppendUint32(b, uint32(w.blocks))
	b = le.AppendUint32(b, w.pages)
	b = le.AppendUint32(b, w.keys)
	b = le.AppendUint32(b, s.footer.flags&sealedDamaged)
	b = le.AppendUint32(b, keyIndexVersion)
	b = le.AppendUint32(b, checksum(0, b))
	w.out = append(append(w.out, b...), keyIndexMagic[:]...)
	return w.flush()
}

// tempName is a name for a file that gets its own when it is whole. Another
// process may be making the same one.
func tempName(path, what string) string {
	return fmt.Sprintf("%s.%d%s%s", path, os.Getpid(), what, tempSuffix)
}

// abandoned: the process that made the temporary file is gone.
func abandoned(name string) bool {
	if filepath.Ext(name) != tempSuffix {
		return false
	}
	for part := range strings.SplitSeq(name, ".") {
		if pid, err := strconv.Atoi(part); err == nil && len(part) < nameDigits {
			return unix.Kill(pid, 0) == unix.ESRCH
		}
	}
	return false
}

// removeAbandoned removes what such processes left in the directory.
func removeAbandoned(fsys FS, dir string) error {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !abandoned(name) {
			continue
		}
		if err := fsys.Remove(filepath.Join(dir, name)); err != nil && !notExist(err) {
			return err
		}
	}
	return nil
}

// newRuns begins the postings of a segment.
func newRuns(fsys FS, dir, segment string) *postingRuns {
	return &postingRuns{fs: fsys, path: tempName(filepath.Join(dir, indexName(segment)), ".runs")}
}

// writeIndex makes the index of a sealed segment, whose entries are known, from
// its postings. A file that is not whole never gets the name; that it may not
// survive a crash costs no more than to make it again.
func writeIndex(dir string, s *segment, runs *postingRuns, last *postings) (err error) {
	name := filepath.Join(dir, indexName(s.name))
	temp := tempName(name, "")
	_ = runs.fs.Remove(temp) // of a process that had this pid
	f, err := runs.fs.Create(temp)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = runs.fs.Remove(temp)
		}
	}()
	w := &keyIndexWriter{file: f, blocks: len(s.footer.entries)}
	if err = runs.merge(last, w.add); err == nil {
		err = w.finish(s)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return runs.fs.Rename(temp, name)
}

// rebuildIndex makes the index of a segment from its records, if it is sealed.
func rebuildIndex(fsys FS, dir, name string) (err error) {
	f, err := fsys.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := loadSegment(f, name, footerEntries)
	if err != nil || !s.sealed() || s.footer.records == 0 {
		return err
	}
	runs := newRuns(fsys, dir, name)
	defer func() { err = errors.Join(err, runs.close()) }()
	var list postings
	var buffer blockBuffer
	sum := new(summary)
	for i := range s.footer.entries {
		err := buffer.load(f, &s.footer.entries[i], s.header.Salt)
		switch {
		case errors.Is(err, ErrDamaged):
			list.unknown(i)
		case err != nil:
			return err
		default:
			sum.reset(1)
			sum.addAll(buffer.records)
			list.add(i, sum)
		}
		if len(list) >= maxPostings {
			if err := runs.put(&list); err != nil {
				return err
			}
			list = slices.Grow(list, maxPostings)
		}
	}
	return writeIndex(dir, s, runs, &list)
}
