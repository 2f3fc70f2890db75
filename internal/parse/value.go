// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"vexj/internal/quote"
)

// A value is the text of a JSON value, known to be valid, without space around it.
type value []byte

func (v value) is(first byte) bool { return len(v) > 0 && v[0] == first }

// end is where the value at the start of b ends.
func end(b []byte) int {
	switch b[0] {
	case '"':
		for i := 1; ; i++ {
			switch b[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
	case '{', '[':
		for depth, i := 0, 0; ; i++ {
			switch b[i] {
			case '"':
				i += end(b[i:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	if n := bytes.IndexAny(b, ",]} \t\r\n"); n >= 0 {
		return n
	}
	return len(b)
}

// parts yields what is between the brackets of an object or an array, with commas and
// colons left out.
func (v value) parts() iter.Seq[value] {
	return func(yield func(value) bool) {
		for b := v[1:]; ; {
			for b[0] == ',' || b[0] == ':' || b[0] <= ' ' {
				b = b[1:]
			}
			if b[0] == '}' || b[0] == ']' {
				return
			}
			n := end(b)
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

var (
	errObject = errors.New("is no object")
	errArray  = errors.New("is no array")
	errText   = errors.New("is no text")
	errUTF8   = errors.New("is no UTF-8")
	errBool   = errors.New("is neither true nor false")
	errFloat  = errors.New("is no number")
)

// in says of which member an error is.
func in(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// members calls fn with each member of an object.
func (v value) members(fn func(name string, v value) error) error {
	if !v.is('{') {
		return errObject
	}
	var name string
	var err error
	isName := true
	for part := range v.parts() {
		if isName {
			name, err = part.text()
		} else {
			err = in(name, fn(name, part))
		}
		if err != nil {
			return err
		}
		isName = !isName
	}
	return nil
}

func (v value) elements(fn func(v value) error) error {
	if !v.is('[') {
		return errArray
	}
	for part := range v.parts() {
		if err := fn(part); err != nil {
			return err
		}
	}
	return nil
}

func (v value) text() (string, error) {
	if !v.is('"') {
		return "", errText
	}
	if !utf8.Valid(v) {
		return "", errUTF8
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), nil
	}
	var s string
	err := json.Unmarshal(v, &s)
	return s, err
}

// uint is a number without sign of at most so many bits.
func (v value) uint(bits int) (uint64, error) {
	n, err := strconv.ParseUint(string(v), 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%s is no number from 0 to %d", excerpt(v), uint64(math.MaxUint64)>>(64-bits))
	}
	return n, nil
}

func (v value) u32() (uint32, error) {
	n, err := v.uint(32)
	return uint32(n), err
}

func (v value) u64() (uint64, error) { return v.uint(64) }

func (v value) int(bits int) (int64, error) {
	n, err := strconv.ParseInt(string(v), 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%s is no whole number of %d bits", excerpt(v), bits)
	}
	return n, nil
}

func (v value) bool() (uint32, error) {
	switch string(v) {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	return 0, errBool
}

// float is a number, or null for what is none.
func (v value) float() (float32, error) {
	if string(v) == "null" {
		return float32(math.NaN()), nil
	}
	f, err := strconv.ParseFloat(string(v), 32)
	if err != nil {
		return 0, errFloat
	}
	return float32(f), nil
}

// id is 0x and digits.
func (v value) id() (uint64, error) {
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	n, err := hexadecimal(s)
	if err != nil {
		return 0, fmt.Errorf("%s is no 0x and up to 16 digits", excerpt(v))
	}
	return n, nil
}

func hexadecimal(s string) (uint64, error) {
	if len(s) < 3 || s[:2] != "0x" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s[2:], 16, 64)
}

func (v value) octal() (uint32, error) {
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil {
		return 0, fmt.Errorf("%s are no octal digits", excerpt(v))
	}
	return uint32(n), nil
}

func (v value) base64() ([]byte, error) {
	s, err := v.text()
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("is no base64: %w", err)
	}
	return b, nil
}

// time is a point in time, in ns since 1970.
func (v value) time() (int64, error) {
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("%s is no time like 2026-03-01T12:00:00.000000000Z", excerpt(v))
	}
	ns := t.UnixNano()
	if !time.Unix(0, ns).Equal(t) {
		return 0, fmt.Errorf("%s is not within 64 bits of ns since 1970", excerpt(v))
	}
	return ns, nil
}

// excerpt is what a message shows of a value.
func excerpt(v []byte) string {
	const most = 60
	if len(v) > most {
		return quote.Text(string(v[:most])) + "..."
	}
	return quote.Text(string(v))
}
