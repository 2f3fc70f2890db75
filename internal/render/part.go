// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"vexj/internal/layout"
	"vexj/internal/quote"
)

// fewBytes is how much of an opaque field is shown unless all is wanted.
const fewBytes = 64

// Part appends the bytes of a part of a file in hexadecimal, at their offsets in
// the file, with the name and the value of each field.
func Part(dst []byte, p *layout.Part, whole bool) []byte {
	for _, f := range p.Fields {
		if f.Offset+f.Size > len(p.Data) {
			break // the file ends here: the part says so
		}
		b := p.Data[f.Offset : f.Offset+f.Size]
		note := strings.TrimRight(fmt.Sprintf("%-22s %s", f.Name, fieldValue(f, b)), " ")
		shown := b
		if !whole {
			shown = few(f, b)
		}
		dst = appendRows(dst, p.Offset+int64(f.Offset), shown, note)
		left := b[len(shown):]
		padding := f.Form == layout.Zero || f.Form == layout.Text
		if len(left) > 0 && !(padding && len(bytes.Trim(left, "\x00")) == 0) {
			dst = fmt.Appendf(dst, "%8s  ... %d more bytes\n", "", len(left))
		}
	}
	return dst
}

// Bytes appends bytes that no field describes.
func Bytes(dst []byte, offset int64, b []byte) []byte { return appendRows(dst, offset, b, "") }

// few is what is shown of a field of many bytes: of text and of what is zero,
// what is not padding.
func few(f layout.Field, b []byte) []byte {
	switch f.Form {
	case layout.Zero:
		if len(bytes.Trim(b, "\x00")) == 0 {
			return b[:0]
		}
	case layout.Text:
		end := len(bytes.TrimRight(b, "\x00"))
		return b[:min(len(b), max(end, 1), fewBytes)]
	}
	return b[:min(len(b), fewBytes)]
}

func appendRows(dst []byte, offset int64, b []byte, note string) []byte {
	if len(b) == 0 && note != "" {
		return fmt.Appendf(dst, "%08x  %-*s%s\n", offset, 3*perRow, "", note)
	}
	for at := 0; at < len(b); at += perRow {
		row := b[at:min(at+perRow, len(b))]
		dst = fmt.Appendf(dst, "%08x  %-*s", offset+int64(at), 3*perRow, fmt.Sprintf("% x", row))
		if at == 0 {
			dst = append(dst, note...)
		}
		dst = append(bytes.TrimRight(dst, " "), '\n')
	}
	return dst
}

func fieldValue(f layout.Field, b []byte) string {
	var v uint64
	if len(b) <= 8 {
		var wide [8]byte
		copy(wide[:], b)
		v = binary.LittleEndian.Uint64(wide[:])
	}
	switch f.Form {
	case layout.Decimal:
		return strconv.FormatUint(v, 10)
	case layout.Signed:
		shift := 64 - 8*len(b)
		return strconv.FormatInt(int64(v<<shift)>>shift, 10)
	case layout.Hexadecimal:
		return "0x" + strconv.FormatUint(v, 16)
	case layout.Octal:
		return "0" + strconv.FormatUint(v, 8)
	case layout.Text:
		return quote.String(string(bytes.TrimRight(b, "\x00")))
	case layout.UUID:
		return string(appendUUID(nil, [16]byte(b)))
	case layout.Seconds:
		return stampValue(v, time.Unix(int64(v), 0))
	case layout.Nanoseconds:
		return stampValue(v, time.Unix(0, int64(v)))
	case layout.Word:
		if word, ok := f.Words[v]; ok {
			return fmt.Sprintf("%d %s", v, word)
		}
		return fmt.Sprintf("%d unknown", v)
	case layout.Flags:
		return flagValue(v, f.Words)
	case layout.Zero:
		if len(bytes.Trim(b, "\x00")) > 0 {
			return "NOT ZERO"
		}
	}
	return fmt.Sprintf("%d bytes", len(b))
}

func stampValue(v uint64, t time.Time) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%d %s", v, t.UTC().Format(time.RFC3339Nano))
}

func flagValue(v uint64, words map[uint64]string) string {
	s := "0x" + strconv.FormatUint(v, 16)
	for _, bit := range slices.Sorted(maps.Keys(words)) {
		if v&bit != 0 {
			s += " " + words[bit]
		}
	}
	return s
}
