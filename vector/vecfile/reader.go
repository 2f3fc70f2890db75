// SPDX-License-Identifier: Apache-2.0

package vecfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"vexj/internal/distance"
	"vexj/vector"
)

// ErrFormat: a file is not what it is said to be, or is cut off.
var ErrFormat = errors.New("bad file of vectors")

// Format is how a file has its vectors.
type Format string

const (
	FVecs  Format = "fvecs"
	IVecs  Format = "ivecs"
	BVecs  Format = "bvecs"
	NPY    Format = "npy"
	NDJSON Format = "ndjson"
)

// Formats are all of them.
var Formats = []Format{FVecs, IVecs, BVecs, NPY, NDJSON}

// FormatOf tells it by the name of a file.
func FormatOf(name string) (Format, bool) {
	ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
	if ext == "jsonl" || ext == "json" {
		return NDJSON, true
	}
	for _, f := range Formats {
		if ext == string(f) {
			return f, true
		}
	}
	return "", false
}

// An Item is one vector of a file.
type Item struct {
	ID     uint64 // 0: the file does not say
	Vector []float32
	Meta   vector.Meta
	Where  string // it stands in the file: "line 3", "vector 3"
}

// A Reader reads them in order.
type Reader interface {
	// Next returns the next one, which is valid until the one after it, or io.EOF.
	Next() (Item, error)
}

// NewReader reads what little must be known first.
func NewReader(f Format, r io.Reader) (Reader, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	switch f {
	case FVecs, IVecs, BVecs:
		return &vecs{in: in, format: f}, nil
	case NPY:
		return newNPY(in)
	case NDJSON:
		return newNDJSON(in), nil
	}
	return nil, fmt.Errorf("%w: format %q is unknown: give fvecs, ivecs, bvecs, npy or ndjson", ErrFormat, f)
}

// vecs reads the formats of the TEXMEX corpora.
type vecs struct {
	in     *bufio.Reader
	format Format
	n      int   // vectors read
	at     int64 // bytes read
	dims   int
	row    []byte
	v      []float32
}

func (r *vecs) bad(format string, a ...any) error {
	return fmt.Errorf("%w: %s, vector %d, byte %d: %s", ErrFormat, r.format, r.n+1, r.at, fmt.Sprintf(format, a...))
}

func (r *vecs) Next() (Item, error) {
	var head [4]byte
	if n, err := io.ReadFull(r.in, head[:]); err == io.EOF {
		return Item{}, io.EOF
	} else if err == io.ErrUnexpectedEOF {
		return Item{}, r.bad("the file ends after %d of 4 bytes that say how many elements follow", n)
	} else if err != nil {
		return Item{}, err
	}
	dims := int(int32(binary.LittleEndian.Uint32(head[:])))
	switch {
	case dims < 1 || dims > vector.MaxDims:
		return Item{}, r.bad("%d elements: not 1 to %d; is it a file of this format?", dims, vector.MaxDims)
	case r.dims != 0 && dims != r.dims:
		return Item{}, r.bad("%d elements, those before have %d", dims, r.dims)
	case r.dims == 0:
		size := 4
		if r.format == BVecs {
			size = 1
		}
		r.dims, r.row, r.v = dims, make([]byte, size*dims), make([]float32, dims)
	}
	if n, err := io.ReadFull(r.in, r.row); err == io.EOF || err == io.ErrUnexpectedEOF {
		return Item{}, r.bad("the file ends after %d of the vector's %d bytes", n, len(r.row))
	} else if err != nil {
		return Item{}, err
	}
	for i := range r.v {
		switch r.format {
		case FVecs:
			r.v[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.row[4*i:]))
		case IVecs:
			r.v[i] = float32(int32(binary.LittleEndian.Uint32(r.row[4*i:])))
		default:
			r.v[i] = float32(r.row[i])
		}
	}
	r.n++
	r.at += int64(4 + len(r.row))
	return Item{Vector: r.v, Where: fmt.Sprintf("vector %d", r.n)}, nil
}

// element decodes one of an array; its type says what.
type element struct {
	size int
	get  func([]byte) float32
}

var elements = map[string]element{
	"<f4": {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	"<f8": {8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	"<f2": {2, func(b []byte) float32 { return distance.Half(binary.LittleEndian.Uint16(b)) }},
	"|i1": {1, func(b []byte) float32 { return float32(int8(b[0])) }},
	"|u1": {1, func(b []byte) float32 { return float32(b[0]) }},
	"|b1": {1, func(b []byte) float32 { return float32(b[0]) }},
	"<i2": {2, func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) }},
	"<i4": {4, func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) }},
}
