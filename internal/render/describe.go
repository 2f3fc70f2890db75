// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"vexj/internal/quote"
)

// Describe appends every field of a record, one a line, under the names that it
// has in the JSON object.
func Describe(dst []byte, e Entry) ([]byte, error) {
	object := NewObject().Append(nil, e)
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	rows, err := flatten(d, "", nil)
	if err != nil {
		return dst, fmt.Errorf("describing a record: %w", err)
	}
	rows = exact(rows)
	width := 0
	for _, r := range rows {
		width = max(width, len(r.name))
	}
	for _, r := range rows {
		dst = fmt.Appendf(dst, "%-*s  ", width, r.name)
		dst = quote.Append(dst, r.value)
		dst = append(dst, '\n')
	}
	return dst, nil
}

type row struct {
	name  string
	value []byte
}

// flatten turns the next JSON value into rows named like task.uid and argv[0].
func flatten(d *json.Decoder, name string, rows []row) ([]row, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		for i := 0; d.More(); i++ {
			member := name + "[" + strconv.Itoa(i) + "]"
			if v == '{' {
				key, err := d.Token()
				if err != nil {
					return nil, err
				}
				member = strings.TrimPrefix(name+"."+key.(string), ".")
			}
			if rows, err = flatten(d, member, rows); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return rows, err
	case string:
		return append(rows, row{name, []byte(v)}), nil
	default:
		return append(rows, row{name, fmt.Append(nil, v)}), nil
	}
}

// exact puts the bytes of name_bytes, which a terminal can be shown once they
// are quoted, in the place of what stood for them in JSON.
func exact(rows []row) []row {
	var out []row
	for _, r := range rows {
		text, ok := strings.CutSuffix(r.name, "_bytes")
		if ok && len(out) > 0 && out[len(out)-1].name == text {
			if raw, err := base64.StdEncoding.DecodeString(string(r.value)); err == nil {
				out[len(out)-1].value = raw
				continue
			}
		}
		out = append(out, r)
	}
	return out
}
