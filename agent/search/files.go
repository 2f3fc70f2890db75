// SPDX-License-Identifier: Apache-2.0

package search

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"vexj/uapi"
	"vexj/vector"
)

const (
	// maxFile is what of a file is read, in bytes.
	maxFile = 1 << 20
	// stretch is about how many bytes are found as one.
	stretch = 1500
)

// Tree takes in the text files below a folder, those that are new and those that have
// changed. Hidden folders, links and what cannot be read are left out.
func (x *Index) Tree(ctx context.Context, root string) (p Progress, err error) {
	if root, err = filepath.Abs(root); err != nil {
		return p, err
	}
	t := &taker{x: x, ctx: ctx}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name == root:
			return err
		case err != nil:
			return nil
		case d.IsDir() && name != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		return t.file(name)
	})
	if ferr := t.flush(); err == nil {
		err = ferr
	}
	p.Taken = t.taken
	return p, errors.Join(err, x.save())
}

// files looks again at those that the journal says may have changed.
func (x *Index) files(t *taker, touched map[string]bool) error {
	for name := range touched {
		if !strings.HasPrefix(name, "/") {
			continue
		}
		if err := t.file(name); err != nil {
			return err
		}
	}
	return t.flush()
}

func partID(name string, n int) uint64 { return idOf("file", name, strconv.Itoa(n)) }

// file takes in the stretches of a file, unless they are there, and out those that are
// not in it any more.
func (t *taker) file(name string) error {
	text, stamp := readText(name)
	if stamp != "" {
		first, err := t.x.c.Store().Get(partID(name, 0))
		if err == nil {
			var old tags
			if json.Unmarshal([]byte(first.Meta.Tags), &old) == nil && old.Stamp == stamp {
				return nil
			}
		} else if !errors.Is(err, vector.ErrNotFound) {
			return err
		}
	}
	n := 0
	for line, part := range stretches(text) {
		d := document{
			id: partID(name, n), text: name + " " + part, path: name,
			tags: tags{Kind: "file", Text: cut(part), Line: line, Stamp: stamp},
		}
		if err := t.add(d, true); err != nil {
			return err
		}
		n++
	}
	for ; ; n++ {
		id := partID(name, n)
		there, err := t.x.c.Store().Has(id)
		if err != nil || !there {
			return err
		}
		if err := t.x.c.Change([]vector.Change{{Op: uapi.VectorDelete, ID: id}}); err != nil {
			return err
		}
	}
}

// readText returns the text of a regular file, and what tells it from the file when it
// was another; nothing if it is none, or cannot be read.
func readText(name string) (text, stamp string) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", ""
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil || !isText(b) {
		return "", ""
	}
	return string(b), fmt.Sprintf("%d %d", info.ModTime().UnixNano(), info.Size())
}

func isText(b []byte) bool {
	head := b[:min(len(b), 8<<10)]
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	if len(head) < len(b) {
		// The cut may have gone through a character.
		for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
			head = head[:len(head)-1]
		}
	}
	return utf8.Valid(head)
}

// stretches yields parts of a text that are whole lines, if these are not too long,
// with the number of the first.
func stretches(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		line := 1
		for len(text) > 0 {
			n := len(text)
			if n > stretch {
				n = stretch
				if i := strings.LastIndexByte(text[:n], '\n'); i > 0 {
					n = i + 1
				}
			}
			part := text[:n]
			if !yield(line, strings.TrimSpace(strings.ToValidUTF8(part, "\uFFFD"))) {
				return
			}
			line += strings.Count(part, "\n")
			text = text[n:]
		}
	}
}
