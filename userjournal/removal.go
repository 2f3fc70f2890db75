// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// ErrRemoved: the records were removed from the journal on purpose, by [Retain].
var ErrRemoved = errors.New("removed from the journal")

// A removal is what the file REMOVED says: which records were taken out of the
// journal, and of which of them no record in it tells yet. It is written before
// anything is removed, so that nothing ever is that it does not know of.
type removal struct {
	journal [16]byte
	through uint64 // last ordinal
	untold  uapi.Removed
	owed    []Consumer // by untold
}

const (
	removedName = "REMOVED"
	removedHead = "usjl removed 1\n"

	maxRemovedFile = 1 << 20
)

func (m *removal) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%sjournal %x\nthrough %d\n", removedHead, m.journal, m.through)
	if u := m.untold; u.Last != 0 {
		fmt.Fprintf(&b, "untold %d %d %d %d %d\n", u.First, u.Last, u.Records, u.Bytes, u.Reason)
	}
	for _, c := range m.owed {
		fmt.Fprintf(&b, "owed %s %d\n", c.Name, c.Acknowledged)
	}
	return sealText(b.Bytes())
}

func (m *removal) decode(b []byte) error {
	lines, err := openText(b, removedHead)
	if err != nil {
		return err
	}
	for word, value := range lines {
		switch word {
		case "journal":
			m.journal, err = parseJournal(value)
		case "through":
			m.through, err = strconv.ParseUint(value, 10, 62)
		case "untold":
			u := &m.untold
			_, err = fmt.Sscan(value, &u.First, &u.Last, &u.Records, &u.Bytes, &u.Reason)
		case "owed":
			c := Consumer{}
			_, err = fmt.Sscan(value, &c.Name, &c.Acknowledged)
			m.owed = append(m.owed, c)
		}
		if err != nil {
			return damaged("%s: %w", word, err)
		}
	}
	m.untold.Owed = uint32(len(m.owed))
	return nil
}

func readRemoval(fsys FS, dir string, journal [16]byte) (m removal, err error) {
	b, err := readSmall(fsys, filepath.Join(dir, removedName), maxRemovedFile)
	if notExist(err) {
		return removal{journal: journal}, nil
	}
	if err == nil {
		err = m.decode(b)
	}
	if err == nil && m.journal != journal {
		err = damaged("it is of the journal %x", m.journal)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", filepath.Join(dir, removedName), err)
	}
	return m, err
}

// removed is ErrRemoved, with where the journal goes on, if all the records were
// removed, and nil otherwise.
func (r *Reader) removed(first, last uint64) error {
	m, err := readRemoval(r.fs, r.dir, r.journal)
	if err != nil || last > m.through || first == 0 {
		return nil
	}
	return fmt.Errorf("%w: it begins with ordinal %d now", ErrRemoved, m.through+1)
}

// add joins what is about to be removed to what is not told yet.
func (m *removal) add(u uapi.Removed, owed []Consumer) {
	if m.untold.Last == 0 {
		m.untold.First = u.First
	}
	m.untold.Last = u.Last
	m.untold.Records += u.Records
	m.untold.Bytes += u.Bytes
	m.untold.Reason |= u.Reason
	for _, c := range owed {
		m.owe(c)
	}
	m.untold.Owed = uint32(len(m.owed))
	m.through = max(m.through, u.Last)
}

func (m *removal) owe(c Consumer) {
	for i := range m.owed {
		if m.owed[i].Name == c.Name {
			m.owed[i] = c
			return
		}
	}
	m.owed = append(m.owed, c)
}

// record makes the REMOVED record.
func (m *removal) record() (uapi.Record, error) {
	b := uapi.NewBuilder(nil)
	id := uapi.IDBase(uapi.ProducerJournal, time.Now().UnixNano())
	b.Begin(uapi.Header{EventID: id, Type: uapi.SysRemoved, Ktime: uint64(clockNs(unix.CLOCK_BOOTTIME)),
		Priority: uapi.PriorityCritical, RootCause: id, VisibilityMask: ^uint64(0)})
	b.AddRemoved(m.untold)
	if len(m.owed) > 0 {
		var text strings.Builder
		for _, c := range m.owed {
			// A record has its bounds; the count says how many there are.
			if text.Len() < uapi.MaxPath {
				fmt.Fprintf(&text, "%s %d\n", c.Name, c.Acknowledged)
			}
		}
		b.AddString(uapi.AttrConsumers, text.String())
	}
	return b.Finish()
}

// Untold: records were removed from the journal in the directory, and none in it
// tells of that yet.
func Untold(dir string) (bool, error) {
	r, err := Open(dir)
	if err != nil {
		return false, err
	}
	defer r.Close()
	m, err := readRemoval(r.fs, dir, r.journal)
	return m.untold.Last != 0, err
}

// TellRemoved appends a record of what was removed from the journal and is not
// told in it yet, if anything was. Whoever writes a journal calls it at the
// beginning and now and then.
func (w *Writer) TellRemoved() error {
	fsys, dir := w.options.FS, w.dir
	// Without the lock: nearly always there is nothing to tell.
	if m, err := readRemoval(fsys, dir, w.journal); err != nil || m.untold.Last == 0 {
		return err
	}
	return lockConsumers(fsys, dir, func() error {
		m, err := readRemoval(fsys, dir, w.journal)
		if err != nil || m.untold.Last == 0 {
			return err
		}
		rec, err := m.record()
		if err != nil {
			return err
		}
		if _, err := w.Append(rec); err != nil {
			return err
		}
		// A crash before the file is changed makes the next one tell it again.
		if err := w.Sync(); err != nil {
			return err
		}
		m.untold, m.owed = uapi.Removed{}, nil
		return replaceFile(fsys, filepath.Join(dir, removedName), m.encode())
	})
}
