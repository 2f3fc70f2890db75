// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"fmt"
	"path"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// An object is what a path named at some time: a file by its identity, which it
// keeps whatever it is called, or no more than the path.
type object struct {
	file  uapi.File
	known bool // the identity is
	dir   bool
	path  string    // under which it was found
	at    time.Time // when it was found there
	gone  bool      // the path has not named it any more since
}

func (o *object) is(f uapi.File) bool {
	return f.DevMajor == o.file.DevMajor && f.DevMinor == o.file.DevMinor && f.Inode == o.file.Inode &&
		(f.Generation == o.file.Generation || f.Generation == 0 || o.file.Generation == 0)
}

// maxMoves is how many renames of folders above a path are followed.
const maxMoves = 64

// object finds what the path named last before a time, following renames of the
// folders above it; nil if the journal does not know it.
func (q *Inquiry) object(name string, until time.Time) (*object, error) {
	for range maxMoves {
		own, err := q.named(name, until)
		if err != nil {
			return nil, err
		}
		var since time.Time
		if own != nil {
			// Of renames before that it is told what the path named since, and the
			// indexes of what was recorded before need not be read.
			since = own.at
		}
		from, at, err := q.moved(name, since, until)
		if err != nil {
			return nil, err
		}
		if own != nil && (from == "" || !own.at.Before(at)) {
			return own, nil
		}
		if from == "" {
			return nil, nil
		}
		// The folder came from elsewhere after anything that is known of the
		// path: what it held came along.
		name, until = from, at
	}
	return nil, fmt.Errorf("%s: its folders were renamed more than %d times; ask for one of its earlier names", name, maxMoves)
}

// named finds the newest record that tells what the path itself names.
func (q *Inquiry) named(name string, until time.Time) (found *object, err error) {
	c := Conditions{Paths: []string{escape(name)}, Categories: []uapi.Category{uapi.CategoryFilesystem}, Succeeded: true, Until: until}
	err = q.scan(c, userjournal.ScanOptions{Reverse: true}, func(ordinal uint64, r uapi.Record) error {
		o := &object{path: name, at: q.src.WallTime(ordinal, r.Ktime())}
		o.file, o.known = r.File()
		first, second := string(r.Path()) == name, string(r.Path2()) == name
		switch r.Type() {
		case uapi.FSSymlink:
			if !first {
				return nil // the content of a link
			}
		case uapi.FSRename:
			exchange := r.Subtype().Kind()&renameExchange != 0
			if other, ok := r.File2(); exchange && first {
				o.file, o.known = other, ok
			}
			o.gone = first && !second && !exchange
		case uapi.FSHardlink:
		case uapi.FSDelete, uapi.FSRmdir:
			// A rename's victim: what came to the path instead is told by the
			// rename, which is numbered about the same time.
			if r.Subtype().Via() == uapi.ViaRename {
				return nil
			}
			o.gone = true
		default:
			if !first {
				return nil
			}
		}
		o.dir = o.known && o.file.Mode&modeType == modeDir
		found = o
		return userjournal.ErrStop
	})
	return found, err
}

const (
	renameExchange = 2 // RENAME_EXCHANGE
	modeType       = 0o170000
	modeDir        = 0o040000
)

// moved finds the newest rename, between two times, that brought a folder above the path
// to where it is, and what the path was called before.
func (q *Inquiry) moved(name string, since, until time.Time) (from string, at time.Time, err error) {
	var paths []string
	var keys []userjournal.Key
	for dir := path.Dir(name); len(dir) > 1; dir = path.Dir(dir) {
		paths = append(paths, escape(dir))
		keys = append(keys, userjournal.MovedKey([]byte(dir)))
	}
	if len(paths) == 0 {
		return "", at, nil
	}
	c := Conditions{Types: []uapi.Type{uapi.FSRename}, Paths: paths, Succeeded: true, Since: since, Until: until}
	o := userjournal.ScanOptions{Reverse: true, Keys: [][]userjournal.Key{keys}}
	err = q.scan(c, o, func(ordinal uint64, r uapi.Record) error {
		to, before := r.Path2(), r.Path()
		if r.Subtype().Kind()&renameExchange != 0 && inside([]byte(name), before) {
			to, before = before, to
		}
		if len(to) == 0 || !inside([]byte(name), to) || bytes.Equal(to, []byte(name)) {
			return nil
		}
		from, at = string(before)+name[len(to):], q.src.WallTime(ordinal, r.Ktime())
		return userjournal.ErrStop
	})
	return from, at, err
}

// escape makes a pattern that matches the path alone.
func escape(name string) string {
	var b []byte
	for i := range len(name) {
		if bytes.IndexByte([]byte(meta), name[i]) >= 0 {
			b = append(b, '\\')
		}
		b = append(b, name[i])
	}
	return string(b)
}
