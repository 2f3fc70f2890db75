// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"slices"
	"strings"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// MaxFiles is how many files a blame of a folder lists at most.
const MaxFiles = 10_000

// BlameFolder tells for the files at and below the folder who changed each last:
// those that were changed last, up to a number, the newest first. more: there may
// be others.
func (q *Inquiry) BlameFolder(name string, files int) (list []*Blame, more bool, err error) {
	name, err = cleanPath(name)
	if err != nil {
		return nil, false, err
	}
	files = min(max(files, 1), MaxFiles)
	names, more, err := q.living(name, files)
	if err != nil {
		return nil, false, err
	}
	for _, n := range names {
		b, err := q.Blame(n, BlameOptions{Writers: 1})
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		if !b.Gone && !b.Folder && len(b.Writers) > 0 {
			b.More = false // of a listing it goes without saying
			list = append(list, b)
		}
	}
	return list, more, nil
}

// living are the paths in the folder that something was done to last and that were
// not taken away since. What lies in folders that were renamed is not among them
// unless something was done to it since.
func (q *Inquiry) living(folder string, most int) (names []string, more bool, err error) {
	prefix := strings.TrimSuffix(folder, "/") + "/"
	seen := map[string]bool{}
	dead := []string{} // folders that were renamed or removed
	c := Conditions{Types: content, Paths: []string{escape(strings.TrimSuffix(folder, "/")) + "/**"}, Succeeded: true}
	err = q.scan(c, userjournal.ScanOptions{Reverse: true}, func(_ uint64, r uapi.Record) error {
		see := func(p []byte, alive bool) {
			name := string(p)
			if !strings.HasPrefix(name, prefix) || seen[name] || len(seen) >= 8*MaxFiles {
				return
			}
			seen[name] = true
			if alive && !slices.ContainsFunc(dead, func(d string) bool { return inside(p, []byte(d)) }) {
				names = append(names, name)
			}
		}
		f, known := r.File()
		dir := known && f.Mode&modeType == modeDir
		switch exchange := r.Subtype().Kind()&renameExchange != 0; r.Type() {
		case uapi.FSRename:
			see(r.Path2(), !dir)
			see(r.Path(), exchange)
			if dir && !exchange {
				dead = append(dead, string(r.Path()))
			}
		case uapi.FSDelete:
			see(r.Path(), false)
		case uapi.FSRmdir:
			see(r.Path(), false)
			dead = append(dead, string(r.Path()))
		case uapi.FSHardlink:
			see(r.Path2(), true)
			see(r.Path(), true)
		default:
			see(r.Path(), !dir)
		}
		if len(names) > most || len(seen) >= 8*MaxFiles {
			more = true
			return userjournal.ErrStop
		}
		return nil
	})
	return names[:min(len(names), most)], more, err
}

// IsFolder reports whether the path names a folder, as far as the journal knows:
// also one of which only what is in it was seen.
func (q *Inquiry) IsFolder(name string) (bool, error) {
	name, err := cleanPath(name)
	if err != nil || name == "/" {
		return err == nil, err
	}
	what, err := q.object(name, time.Time{})
	if err != nil || what != nil {
		return what != nil && what.dir, err
	}
	inside := false
	c := Conditions{Paths: []string{escape(name) + "/**"}}
	err = q.scan(c, userjournal.ScanOptions{Reverse: true}, func(uint64, uapi.Record) error {
		inside = true
		return userjournal.ErrStop
	})
	return inside, err
}
