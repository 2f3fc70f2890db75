// SPDX-License-Identifier: Apache-2.0

package vecfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func readAll(f Format, b []byte) (items []Item, err error) {
	r, err := NewReader(f, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for {
		it, err := r.Next()
		if err == io.EOF {
			return items, nil
		}
		if err != nil {
			return items, err
		}
		it.Vector = append([]float32(nil), it.Vector...)
		items = append(items, it)
	}
}

func words32(v ...uint32) (b []byte) {
	for _, w := range v {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func array(version byte, descr, order, shape string, data ...byte) []byte {
	text := "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': (" + shape + "), }\n"
	b := append([]byte("\x93NUMPY"), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	}
	return append(append(b, text...), data...)
}

var one = math.Float32bits(1)

func TestRead(t *testing.T) {
	for name, tc := range map[string]struct {
		format Format
		file   []byte
		want   [][]float32
	}{
		"fvecs":      {FVecs, words32(2, one, 0, 2, 0, one), [][]float32{{1, 0}, {0, 1}}},
		"ivecs":      {IVecs, words32(1, 7, 1, 0xffffffff), [][]float32{{7}, {-1}}},
		"bvecs":      {BVecs, append(words32(3), 1, 2, 255), [][]float32{{1, 2, 255}}},
		"no vectors": {FVecs, nil, nil},
		"npy f4":     {NPY, array(1, "<f4", "False", "1, 2", words32(one, 0)...), [][]float32{{1, 0}}},
		"npy 2":      {NPY, array(2, "|u1", "False", "2,2L", 1, 2, 3, 4), [][]float32{{1, 2}, {3, 4}}},
		"npy one":    {NPY, array(3, "|i1", "False", "3,", 1, 2, 255), [][]float32{{1, 2, -1}}},
		"npy f2":     {NPY, array(1, "<f2", "False", "1,1", 0, 0x3c), [][]float32{{1}}},
		"npy none":   {NPY, array(1, "<f8", "False", "0, 5"), nil},
		"ndjson":     {NDJSON, []byte("{\"vector\":[1,-2.5]}\n\n{\"vector\":[3,4]}"), [][]float32{{1, -2.5}, {3, 4}}},
	} {
		items, err := readAll(tc.format, tc.file)
		var got [][]float32
		for _, it := range items {
			got = append(got, it.Vector)
		}
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestNDJSONFields(t *testing.T) {
	items, err := readAll(NDJSON, []byte(`{"id":18446744073709551614,"vector":[1],"path":"/a","inode":5,"dev":"8:1","tags":{"k":[1]}}`))
	if err != nil {
		t.Fatal(err)
	}
	it := items[0]
	if it.ID != math.MaxUint64-1 || it.Meta.Path != "/a" || it.Meta.Inode != 5 || it.Meta.Dev != 8<<32|1 || it.Meta.Tags != `{"k":[1]}` {
		t.Errorf("got %+v", it)
	}
}

// bad are files that are refused, and what must be said of them.
var bad = map[string]struct {
	format Format
	file   []byte
	says   string
}{
	"head cut":      {FVecs, []byte{2, 0}, "vector 1, byte 0: the file ends after 2 of 4"},
	"row cut":       {FVecs, words32(1, one, 1)[:10], "vector 2, byte 8: the file ends after 2 of 4"},
	"row missing":   {FVecs, words32(1), "the file ends after 0 of the vector's 4"},
	"negative":      {FVecs, words32(0xffffffff), "-1 elements"},
	"huge":          {BVecs, words32(1 << 30), "not 1 to 65536"},
	"other dims":    {IVecs, words32(1, 5, 2, 6, 7), "2 elements, those before have 1"},
	"npy empty":     {NPY, nil, "does not begin"},
	"npy magic":     {NPY, []byte("\x93NUMPX\x01\x00aaaa"), "does not begin"},
	"npy version":   {NPY, array(9, "<f4", "False", "1,1"), "version 9.0"},
	"npy header":    {NPY, array(1, "<f4", "False", "1,1")[:20], "ends in its header"},
	"npy type":      {NPY, array(1, ">f4", "False", "1,1"), `astype('<f4')`},
	"npy object":    {NPY, array(1, "|O", "False", "1,1"), "astype"},
	"npy order":     {NPY, array(1, "<f4", "True", "1,1"), "ascontiguousarray"},
	"npy shape":     {NPY, array(1, "<f4", "False", "1,1,1"), "a vector in each row"},
	"npy wide":      {NPY, array(1, "<f4", "False", "1,65537"), "not 1 to 65536"},
	"npy number":    {NPY, array(1, "<f4", "False", "1,99999999999999999999"), "shape"},
	"npy cut":       {NPY, array(1, "|u1", "False", "2,2", 1, 2, 3), "row 2 of 2"},
	"json":          {NDJSON, []byte("{\"vector\":[1]}\n{"), "line 2"},
	"json key":      {NDJSON, []byte(`{"vektor":[1]}`), "unknown field"},
	"json more":     {NDJSON, []byte(`{"vector":[1]} {}`), "more follows"},
	"json none":     {NDJSON, []byte(`{"id":1}`), `no "vector"`},
	"json dims":     {NDJSON, []byte("{\"vector\":[1]}\n{\"vector\":[1,2]}"), "line 2: 2 elements"},
	"json id":       {NDJSON, []byte(`{"id":-1,"vector":[1]}`), "id -1"},
	"json id 0":     {NDJSON, []byte(`{"id":0,"vector":[1]}`), "id 0"},
	"json overflow": {NDJSON, []byte(`{"vector":[1e99]}`), "1e99"},
	"json dev":      {NDJSON, []byte(`{"vector":[1],"dev":"8"}`), "MAJOR:MINOR"},
	"format":        {"csv", nil, "unknown"},
}

func TestBad(t *testing.T) {
	for name, tc := range bad {
		_, err := readAll(tc.format, tc.file)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
	// Frozen: what was once refused stays refused, without a panic.
	names, _ := filepath.Glob("testdata/bad/*")
	if len(names) < 10 {
		t.Errorf("%d frozen files", len(names))
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := FormatOf(name)
		if !ok {
			t.Errorf("%s is of no format", name)
		}
		if _, err := readAll(f, b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, tc := range bad {
		f.Add(string(tc.format), tc.file)
	}
	f.Add("fvecs", words32(2, one, 0))
	f.Fuzz(func(t *testing.T, format string, file []byte) {
		items, err := readAll(Format(format), file)
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
		for _, it := range items {
			if len(it.Vector) != len(items[0].Vector) {
				t.Fatal("vectors of several sizes")
			}
		}
	})
}
