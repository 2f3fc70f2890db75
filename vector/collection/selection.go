// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"vexj/internal/produce"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
)

// A Selection does again, in another collection, some of the changes of vectors that a
// journal tells of. Where a part is left out the graph is another one: it is made anew,
// of the vectors that are taken. Each change is a record again, for the agent of the
// one that it comes of, which is its cause. For one goroutine.
type Selection struct {
	k       *Collection
	reading *vector.Reading
	done    map[uint64]bool // events behind the mark that was loaded, which come again

	// Adopted are vectors of which there was only an update, Missing those that were
	// deleted and not there.
	Adopted, Missing uint64
}

// NewSelection begins one into a collection of the kind that the records are of.
func NewSelection(k *Collection) *Selection {
	return &Selection{k: k, reading: vector.NewReading(k.config.Config), done: map[uint64]bool{}}
}

// Apply takes the next record, of any kind.
func (s *Selection) Apply(rec uapi.Record) error {
	c, whole, err := s.change(rec)
	if err != nil || !whole || s.done[rec.EventID()] {
		return err
	}
	_, err = s.k.store.Get(c.ID)
	switch missing := errors.Is(err, vector.ErrNotFound); {
	case err != nil && !missing:
		return err
	case missing && c.Op == uapi.VectorDelete:
		s.Missing++
		return nil
	case missing && c.Op == uapi.VectorUpdate:
		s.Adopted++
		c.Op = uapi.VectorCreate
	}
	c.Cause, c.Event = rec.EventID(), 0
	who := produce.Attribution{Visibility: rec.VisibilityMask()}
	if agent, ok := rec.Attr(uapi.AttrAgentID); ok {
		who.Agent = string(agent)
	}
	who.Session, _ = rec.U64(uapi.AttrSession)
	s.k.Attribute(who)
	return s.k.Change([]vector.Change{c})
}

// change is what a record of the collection says was done.
func (s *Selection) change(rec uapi.Record) (c vector.Change, whole bool, err error) {
	switch rec.Type() {
	case uapi.VectorCreate, uapi.VectorUpdate, uapi.VectorDelete:
	default:
		return c, false, nil
	}
	if name, _ := rec.Attr(uapi.AttrCollection); string(name) != s.k.config.Name {
		return c, false, nil
	}
	return s.reading.Take(rec)
}

// Save makes all durable that was applied, and writes a mark to go on from.
func (s *Selection) Save(w io.Writer) error {
	if err := s.k.Checkpoint(); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, [3]uint64{s.k.store.Position(), s.Adopted, s.Missing})
}

// Load goes back to where Save was: what was applied behind it comes again, and is
// passed over.
func (s *Selection) Load(from io.Reader) (err error) {
	var m [3]uint64
	if err := binary.Read(from, binary.LittleEndian, &m); err != nil {
		return fmt.Errorf("the mark of the collection: %w", err)
	}
	if err := s.k.journal.Flush(); err != nil {
		return err
	}
	j, err := userjournal.OpenFS(s.k.options.JournalFS, s.k.path(journalName))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	info, err := j.Info()
	if err == nil && info.LastOrdinal < m[0] {
		err = fmt.Errorf("%s: %w: its journal ends with record %d, and was at record %d; begin anew in another folder", s.k.dir, ErrDiffers, info.LastOrdinal, m[0])
	}
	if err != nil {
		return err
	}
	s.Adopted, s.Missing = m[1], m[2]
	return j.Scan(userjournal.ScanOptions{From: m[0] + 1}, func(_ uint64, rec uapi.Record) error {
		_, whole, err := s.change(rec)
		if whole {
			s.done[rec.Parent()] = true
		}
		return err
	})
}
