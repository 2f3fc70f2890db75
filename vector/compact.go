// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"errors"
	"fmt"
	"io/fs"

	"vexj/uapi"
)

// Compact writes the vectors that live into files of their own and takes these:
// what ended gives its room back. Views go on with the old ones. It is durable, and
// whenever it is interrupted there are the old files or the new ones. What of the
// old is damaged keeps it from being done.
func (s *Store) Compact() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	if err := s.unclean(); err != nil {
		return err
	}
	if _, err := s.emit(uapi.SysOptimization, 0, func(b *uapi.Builder) {}); err != nil {
		return s.fail(err)
	}
	old, oldFiles, before := s.now.Load(), s.files, s.at
	next := s.at
	next.generation++
	next.index, next.covered = 0, 0
	f, m, err := s.copyLive(old, &next)
	if err != nil {
		return fmt.Errorf("compact the vector store: %w", err)
	}
	s.at, s.files = next, f
	if err := s.writeCheckpoint(false); err != nil {
		// Which of the two generations counts is not known any more.
		m.drop()
		s.at, s.files = before, oldFiles
		return errors.Join(s.fail(err), f.close())
	}
	s.now.Store(&version{m: m, slots: uint32(next.slots), texts: next.texts, seq: next.seq, live: next.live, generation: next.generation})
	old.m.drop()
	return errors.Join(oldFiles.close(), s.sweep(next.generation))
}

// copyLive writes the files of the next generation, durably but for their names.
func (s *Store) copyLive(old *version, next *checkpoint) (f *files, m *mapping, err error) {
	for _, kind := range []fileKind{rowsKind, slotsKind, textsKind} {
		name := fileName(s.dir, kind, next.generation)
		if err := s.options.FS.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	if f, err = createFiles(s.options.FS, s.dir, next); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
			f = nil
		}
	}()
	c := &copier{f: f, stride: s.config.stride()}
	for n := range old.slots {
		if err := c.add(old, n); err != nil {
			return f, nil, err
		}
	}
	if err := c.flush(); err != nil {
		return f, nil, err
	}
	next.slots, next.live, next.texts = c.slots, c.slots, c.texts
	err = f.sync()
	if err == nil {
		// Their names too, before the checkpoint names them.
		err = s.options.FS.SyncDir(s.dir)
	}
	if err != nil {
		return f, nil, err
	}
	m, x, err := s.mapCopy(f, next)
	if err != nil {
		return f, nil, err
	}
	for n := range uint32(next.slots) {
		one, err := m.slot(n)
		if err != nil {
			return f, nil, errors.Join(err, m.unmap())
		}
		x.delta[one.id] = n
	}
	return f, m, nil
}

func (s *Store) mapCopy(f *files, next *checkpoint) (*mapping, *index, error) {
	x := newIndex()
	m, err := mapFiles(f, s.dir, next, next.slots, next.texts, &seenSlots{}, x, true)
	if err = errors.Join(err, x.drop()); err != nil {
		return nil, nil, err
	}
	return m, x, nil
}

// A copier writes a few megabytes at a time.
type copier struct {
	f                 *files
	stride            int
	slots, texts      uint64 // in the files and in what waits
	rows, heads, text []byte
	atRows, atHeads   int64
	atText            int64
}

const copyBytes = 4 << 20

func (c *copier) add(old *version, n uint32) error {
	ok, err := old.lives(n)
	if err != nil || !ok {
		return err
	}
	one, err := old.m.slot(n)
	if err != nil {
		return err
	}
	// What is copied gets no checksum of its own: it must be right.
	if sum(old.m.rowBytes(n)) != one.rowSum {
		return old.m.damaged(rowsKind, int64(n)*int64(c.stride), "the checksum of the vector in slot %d, id %d, is wrong", n, one.id)
	}
	if _, err := old.m.meta(n, &one, old.texts); err != nil {
		return err
	}
	c.text = append(c.text, old.m.texts[one.textAt:][:one.textLen()]...)
	one.textAt = c.texts
	c.texts += uint64(one.textLen())
	c.heads = append(c.heads, make([]byte, slotSize)...)
	one.put(c.heads[len(c.heads)-slotSize:])
	c.rows = append(c.rows, old.m.rowBytes(n)...)
	c.rows = append(c.rows, make([]byte, c.stride-old.m.row)...)
	c.slots++
	if len(c.rows)+len(c.text)+len(c.heads) >= copyBytes {
		return c.flush()
	}
	return nil
}

func (c *copier) flush() error {
	for _, one := range []struct {
		f   File
		buf *[]byte
		at  *int64
	}{{c.f.rows, &c.rows, &c.atRows}, {c.f.texts, &c.text, &c.atText}, {c.f.slots, &c.heads, &c.atHeads}} {
		if len(*one.buf) == 0 {
			continue
		}
		if _, err := one.f.WriteAt(*one.buf, pageSize+*one.at); err != nil {
			return err
		}
		*one.at += int64(len(*one.buf))
		*one.buf = (*one.buf)[:0]
	}
	return nil
}
