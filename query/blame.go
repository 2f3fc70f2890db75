// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"path"
	"slices"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// BlameOptions say how much of a file's history is wanted.
type BlameOptions struct {
	// Writers is how many are wanted, the newest first; 0: DefaultWriters.
	Writers int
	// All is all of the history: who changed anything but the content too, and
	// files that the path named before.
	All bool
}

// Bounds of a blame.
const (
	DefaultWriters = 10
	// maxObjects is how many files that one path has named are followed.
	maxObjects = 100
	// maxNames of a file are kept for each writer.
	maxNames = 16
)

// A Blame is who changed the file that a path names, or named last.
type Blame struct {
	Path    string
	Gone    bool // the path names nothing now
	Folder  bool // it names a folder
	Writers []Writer
	More    bool // there are earlier ones
}

// A Writer is somebody who changed a file, from one change on until somebody else
// did.
type Writer struct {
	Who
	Records     uint64
	Bytes       uint64   // written
	First, Last Event    // of the changes
	Types       []string // kinds of changes, in the order in which they first come, the newest first
	Names       []string // paths of the file at the time, likewise
	Created     bool     // the first of them made the file
	Deleted     bool     // the last of them took the path away
}

// Who acted, for whom and why.
type Who struct {
	PID     uint32
	Start   uint64 // of the process
	UID     uint32
	Command string
	Agent   string
	Session uint64
	Intent  *Intent // nil: none is known
}

// content are the changes after which a reader of the file finds something else.
var content = []uapi.Type{
	uapi.FSCreate, uapi.FSDelete, uapi.FSRmdir, uapi.FSWrite, uapi.FSTruncate, uapi.FSRename, uapi.FSMkdir, uapi.FSMknod,
	uapi.FSSymlink, uapi.FSHardlink, uapi.FSFallocate, uapi.FSMmapWrite,
}

// births are the changes with which a file begins.
var births = []uapi.Type{uapi.FSCreate, uapi.FSMkdir, uapi.FSMknod, uapi.FSSymlink}

// Blame tells who changed what the path names: the file, under whichever names it
// had. ErrNotFound: the journal does not know the path.
func (q *Inquiry) Blame(name string, o BlameOptions) (*Blame, error) {
	name, err := cleanPath(name)
	if err != nil {
		return nil, err
	}
	if o.Writers <= 0 {
		o.Writers = DefaultWriters
	}
	what, err := q.object(name, time.Time{})
	if err != nil {
		return nil, err
	}
	if what == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	b := &Blame{Path: name, Gone: what.gone, Folder: what.dir}
	w := &blaming{q: q, b: b, o: o}
	until := time.Time{}
	for range maxObjects {
		came, err := w.history(what, until)
		if err != nil || b.More || !o.All || came.IsZero() {
			return b, err
		}
		// What the path named before that file came to it.
		until = came
		if what, err = q.object(what.path, until); err != nil || what == nil {
			return b, err
		}
	}
	b.More = true
	return b, nil
}

// cleanPath is how records spell a path.
func cleanPath(name string) (string, error) {
	if !path.IsAbs(name) {
		return "", fmt.Errorf("%w: %q is no absolute path", ErrPattern, name)
	}
	return path.Clean(name), nil
}

// blaming collects writers from the newest change back.
type blaming struct {
	q *Inquiry
	b *Blame
	o BlameOptions
}

// history goes back over the changes of one file, up to its birth, and returns
// when the path came to name it; zero: that is not known.
func (w *blaming) history(what *object, until time.Time) (came time.Time, err error) {
	c := Conditions{Types: content, Succeeded: true, Until: until}
	if w.o.All {
		c.Types = groups["modify"]
	}
	if what.known {
		c.Inodes = []uint64{what.file.Inode}
	} else {
		c.Paths = []string{escape(what.path)}
	}
	before := len(w.b.Writers)
	err = w.q.scan(c, userjournal.ScanOptions{Reverse: true}, func(ordinal uint64, r uapi.Record) error {
		if what.known && !w.about(what, r) {
			return nil
		}
		e := Event{ordinal, w.q.src.WallTime(ordinal, r.Ktime()), r}
		birth := what.known && slices.Contains(births, r.Type())
		if birth && e.Time.After(what.at) {
			// So far it was another file, which got the same number since.
			w.b.Writers = w.b.Writers[:before]
			return nil
		}
		if err := w.add(e, string(r.Path()) == what.path); err != nil {
			return err
		}
		t := r.Type()
		if birth && string(r.Path()) == what.path || (t == uapi.FSRename || t == uapi.FSHardlink) && string(r.Path2()) == what.path {
			came = e.Time
		}
		if birth {
			w.b.Writers[len(w.b.Writers)-1].Created = true
			return userjournal.ErrStop
		}
		return nil
	})
	return came, err
}

// about: the record is of the file.
func (w *blaming) about(what *object, r uapi.Record) bool {
	f, ok := r.File()
	if ok && what.is(f) {
		return true
	}
	// The source of a copy, or the other one of an exchange, which is as much
	// renamed as the first.
	f, ok = r.File2()
	return ok && r.Type() == uapi.FSRename && what.is(f)
}

// add takes the next change; own: it is of the path that was asked for.
func (w *blaming) add(e Event, own bool) error {
	deleted := own && (e.Rec.Type() == uapi.FSDelete || e.Rec.Type() == uapi.FSRmdir)
	who := whoDid(e.Rec)
	n := len(w.b.Writers)
	if n == 0 || !w.b.Writers[n-1].same(&who, e.Rec.Parent()) {
		if n == w.o.Writers && !w.o.All {
			w.b.More = true
			return userjournal.ErrStop
		}
		var err error
		if who.Intent, err = w.q.Intent(e.Rec); err != nil {
			return err
		}
		e.Rec = slices.Clone(e.Rec)
		w.b.Writers = append(w.b.Writers, Writer{Who: who, Last: e, First: e, Deleted: deleted})
		n++
	}
	wr := &w.b.Writers[n-1]
	if wr.First.Ordinal != e.Ordinal {
		wr.First = Event{e.Ordinal, e.Time, append(wr.First.Rec[:0:0], e.Rec...)}
	}
	wr.Records++
	if o, ok := e.Rec.IO(); ok && e.Rec.Type() == uapi.FSWrite && o.Result > 0 {
		wr.Bytes += uint64(o.Result)
	}
	wr.Types = addName(wr.Types, e.Rec.Type().String())
	if e.Rec.Type() == uapi.FSRename || e.Rec.Type() == uapi.FSHardlink {
		wr.Names = addName(wr.Names, string(e.Rec.Path2()))
	}
	wr.Names = addName(wr.Names, string(e.Rec.Path()))
	return nil
}

func addName(names []string, name string) []string {
	if name == "" || len(names) >= maxNames || slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

func whoDid(r uapi.Record) Who {
	t, _ := r.Task()
	return Who{PID: r.PID(), Start: t.StartTime, UID: t.UID, Command: string(t.Command()), Agent: agentOf(r), Session: sessionOf(r)}
}

// same: the same process for the same reason.
func (wr *Writer) same(who *Who, parent uint64) bool {
	return wr.PID == who.PID && wr.Start == who.Start && wr.Agent == who.Agent && wr.Session == who.Session &&
		wr.Command == who.Command && wr.Last.Rec.Parent() == parent
}
