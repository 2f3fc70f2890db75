// SPDX-License-Identifier: Apache-2.0

package vecfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"vexj/vector"
)

// maxLine has room for the largest vector, written out at length.
const maxLine = 4 << 20

type ndjson struct {
	in   *bufio.Scanner
	line int
	dims int
}

func newNDJSON(in *bufio.Reader) *ndjson {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 64<<10), maxLine)
	return &ndjson{in: s}
}

// line is what an object may have; what else it has is an error, since a misspelled
// key would be left out in silence.
type line struct {
	ID     json.Number     `json:"id"`
	Vector []float32       `json:"vector"`
	Path   string          `json:"path"`
	Inode  uint64          `json:"inode"`
	Dev    string          `json:"dev"`
	Tags   json.RawMessage `json:"tags"`
}

func (r *ndjson) bad(format string, a ...any) error {
	return fmt.Errorf("%w: ndjson, line %d: %s", ErrFormat, r.line, fmt.Sprintf(format, a...))
}

func (r *ndjson) Next() (Item, error) {
	for r.in.Scan() {
		r.line++
		text := bytes.TrimSpace(r.in.Bytes())
		if len(text) == 0 {
			continue
		}
		return r.parse(text)
	}
	if err := r.in.Err(); err == bufio.ErrTooLong {
		r.line++
		return Item{}, r.bad("it has more than %d bytes", maxLine)
	} else if err != nil {
		return Item{}, err
	}
	return Item{}, io.EOF
}

func (r *ndjson) parse(text []byte) (item Item, err error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return item, r.bad("%v", err)
	}
	if d.More() {
		return item, r.bad("more follows the object")
	}
	switch n := len(l.Vector); {
	case n == 0:
		return item, r.bad(`there is no "vector"`)
	case n > vector.MaxDims:
		return item, r.bad("%d elements: at most %d", n, vector.MaxDims)
	case r.dims != 0 && n != r.dims:
		return item, r.bad("%d elements, those before have %d", n, r.dims)
	default:
		r.dims = n
	}
	item.Vector, item.Where = l.Vector, fmt.Sprintf("line %d", r.line)
	item.Meta = vector.Meta{Inode: l.Inode, Path: l.Path}
	if l.ID != "" {
		if item.ID, err = strconv.ParseUint(string(l.ID), 10, 64); err != nil || item.ID == 0 {
			return item, r.bad("id %s is not 1 to 2^64-2", l.ID)
		}
	}
	if l.Dev != "" {
		major, minor, ok := strings.Cut(l.Dev, ":")
		a, err1 := strconv.ParseUint(major, 10, 32)
		b, err2 := strconv.ParseUint(minor, 10, 32)
		if !ok || err1 != nil || err2 != nil {
			return item, r.bad("dev %q is not MAJOR:MINOR", l.Dev)
		}
		item.Meta.Dev = a<<32 | b
	}
	if s := string(l.Tags); s != "" && s != "null" {
		item.Meta.Tags = s
	}
	return item, nil
}
