// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"

	"vexj/uapi"
)

func newID() (id [16]byte) {
	// It never fails: see crypto/rand.
	_, _ = rand.Read(id[:])
	return id
}

// Open opens the store in the directory. If its writer did not close it, what it
// had not synced is taken out: a journal that has it can be applied again from
// [Store.LastEvent] on.
func Open(dir string, o Options) (*Store, error) {
	o.fill()
	if _, err := readCheckpoint(o.FS, dir); err != nil {
		return nil, fmt.Errorf("open vector store: %w", err)
	}
	s := &Store{dir: dir, options: o, builder: uapi.NewBuilder(nil)}
	if !o.ReadOnly {
		lock, err := o.FS.Lock(filepath.Join(dir, lockName))
		if err != nil {
			return nil, err
		}
		s.lock = lock
	}
	err := s.open()
	for last := s.at; o.ReadOnly && errors.Is(err, fs.ErrNotExist); last = s.at {
		// Its writer may have put others in the place of the files meanwhile.
		if err = s.open(); s.at == last {
			break
		}
	}
	if err != nil {
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return nil, fmt.Errorf("open vector store: %w", err)
	}
	return s, nil
}

func (s *Store) open() error {
	// Behind the lock: the writer before may have written another one.
	c, err := readCheckpoint(s.options.FS, s.dir)
	if err != nil {
		return err
	}
	s.at, s.config, s.clean = c, c.config, c.closed
	s.reading = NewReading(c.config)
	if s.files, err = openFiles(s.options.FS, s.dir, &s.at, !s.options.ReadOnly); err != nil {
		return err
	}
	x, err := openIndex(s.options.FS, s.dir, &s.at)
	if err != nil {
		return errors.Join(err, s.files.close())
	}
	if err := s.settle(x); err != nil {
		return errors.Join(err, s.files.close())
	}
	if s.options.Run != nil {
		s.options.Run.After(s.at.event)
	}
	return nil
}

// settle takes out what the checkpoint does not have, and indexes what the index
// does not.
func (s *Store) settle(x *index) error {
	if !s.options.ReadOnly {
		err := s.sweep(s.at.generation)
		if err == nil && !s.clean {
			err = s.cut()
		}
		if err != nil {
			return errors.Join(err, x.drop())
		}
	}
	if err := s.start(x); err != nil {
		return err
	}
	v := s.now.Load()
	if !s.clean && !s.options.ReadOnly {
		if err := s.revive(v); err != nil {
			v.m.drop()
			return err
		}
	}
	for n := uint32(x.covered); n < v.slots; n++ {
		one, err := v.m.slot(n)
		if err != nil {
			v.m.drop()
			return err
		}
		x.delta[one.id] = n
	}
	return nil
}

// cut ends the files where the checkpoint does.
func (s *Store) cut() error {
	for _, one := range []struct {
		f    File
		size uint64
	}{
		{s.files.rows, s.at.slots * uint64(s.config.stride())},
		{s.files.slots, s.at.slots * slotSize},
		{s.files.texts, s.at.texts},
	} {
		if err := one.f.Truncate(pageSize + int64(one.size)); err != nil {
			return err
		}
	}
	return nil
}

// revive takes back the ends of slots that came behind the checkpoint.
func (s *Store) revive(v *version) error {
	for n := range v.slots {
		d := loadDeath(v.m.slotBytes(n))
		if d == 0 || d.sound() && d.seq() <= s.at.seq {
			continue
		}
		if !d.sound() {
			return v.m.damaged(slotsKind, int64(n)*slotSize+deathAt, "the end of slot %d is none", n)
		}
		if err := s.writeDeath(v.m, n, 0); err != nil {
			return err
		}
	}
	return nil
}

// writeDeath shows the end of a slot to whoever has it mapped, at once, and writes
// it where the file is synced from.
func (s *Store) writeDeath(m *mapping, n uint32, d death) error {
	atomic.StoreUint64(deathWord(m.slotBytes(n)), uint64(d))
	var b [8]byte
	for i := range b {
		b[i] = byte(d >> (8 * i))
	}
	_, err := s.files.slots.WriteAt(b[:], pageSize+int64(n)*slotSize+deathAt)
	return err
}
