// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// An Item is one file of the archive.
type Item struct {
	Name string // of the file
	What string // is in it, in words
	// Foreign is for text that others wrote: values of variables are taken out too.
	Foreign bool
	// Collect returns the text, or a value to be written as JSON. What it returns
	// with an error is written as well.
	Collect func(context.Context) (any, error)
}

// An Entry of the manifest says what became of an item.
type Entry struct {
	Name       string `json:"name"`
	What       string `json:"what"`
	Bytes      int    `json:"bytes"`
	Redactions int    `json:"redactions"`
	Millis     int64  `json:"ms"`
	Error      string `json:"error,omitempty"`
}

// A Manifest is the archive's list of contents.
type Manifest struct {
	Version       string   `json:"version"`
	Created       string   `json:"created"`
	PathsRedacted bool     `json:"paths_redacted"`
	Items         []Entry  `json:"items"`
	LeftOut       []string `json:"left_out"`
}

// MostBytes is what an item may have; of a longer one the end is kept.
const MostBytes = 1 << 20

// Write collects the items, each within patience, and writes the archive, gzipped
// tar, with everything in folder. The manifest is its last file. Its error is one of
// writing: items that fail are in the manifest.
func Write(ctx context.Context, w io.Writer, folder string, m *Manifest, items []Item, r *Redactor, patience time.Duration) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	add := func(name string, b []byte) error {
		err := t.WriteHeader(&tar.Header{Name: folder + "/" + name, Mode: 0o600, Size: int64(len(b)), ModTime: time.Now(), Format: tar.FormatPAX})
		if err == nil {
			_, err = t.Write(b)
		}
		return err
	}
	for i := range items {
		b, e := items[i].take(ctx, r, patience)
		m.Items = append(m.Items, e)
		if len(b) > 0 {
			if err := add(e.Name, b); err != nil {
				return err
			}
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(add("manifest.json", append(b, '\n')), t.Close(), z.Close())
}

type taken struct {
	v   any
	err error
}

// take collects an item and redacts it. One that does not come back in time is left
// to itself.
func (it *Item) take(ctx context.Context, r *Redactor, patience time.Duration) ([]byte, Entry) {
	e := Entry{Name: it.Name, What: it.What}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan taken, 1)
	go func() {
		var one taken
		defer func() {
			if p := recover(); p != nil {
				one.err = fmt.Errorf("it panicked: %v", p)
			}
			done <- one
		}()
		one.v, one.err = it.Collect(ctx)
	}()
	var got taken
	select {
	case got = <-done:
	case <-ctx.Done():
		got.err = fmt.Errorf("it took longer than %v: %w", patience, ctx.Err())
	}
	b, redactions, err := it.text(got.v, r)
	if err = errors.Join(got.err, err); err != nil {
		text, n := r.Own([]byte(err.Error()))
		e.Error, redactions = string(text), redactions+n
	}
	e.Bytes, e.Redactions, e.Millis = len(b), redactions, time.Since(began).Milliseconds()
	return b, e
}

func (it *Item) text(v any, r *Redactor) (b []byte, redactions int, err error) {
	switch v := v.(type) {
	case nil:
		return nil, 0, nil
	case string:
		b = []byte(v)
	case []byte:
		b = v
	default:
		return r.JSON(v)
	}
	if len(b) > MostBytes {
		b = append([]byte("[what was before is left out]\n"), b[len(b)-MostBytes:]...)
	}
	if it.Foreign {
		b, redactions = r.Text(b)
	} else {
		b, redactions = r.Own(b)
	}
	return b, redactions, nil
}
