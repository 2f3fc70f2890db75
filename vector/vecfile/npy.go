// SPDX-License-Identifier: Apache-2.0

package vecfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"vexj/vector"
)

// npy reads an array of numpy.lib.format.
type npy struct {
	in   *bufio.Reader
	elem element
	n    int // rows read
	rows int
	at   int64
	row  []byte
	v    []float32
}

// maxHeader bounds what is read of a header; those of arrays of numbers have some
// hundred bytes.
const maxHeader = 1 << 16

var (
	npyDescr = regexp.MustCompile(`'descr':\s*'([^']*)'`)
	npyOrder = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	npyShape = regexp.MustCompile(`'shape':\s*\(([0-9, L]*)\)`)
)

func badNPY(format string, a ...any) error {
	return fmt.Errorf("%w: npy: %s", ErrFormat, fmt.Sprintf(format, a...))
}

func newNPY(in *bufio.Reader) (*npy, error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || string(head[:6]) != "\x93NUMPY" {
		return nil, badNPY("it does not begin like one")
	}
	wide := 2
	if head[6] == 2 || head[6] == 3 {
		wide = 4
	} else if head[6] != 1 {
		return nil, badNPY("version %d.%d is unknown", head[6], head[7])
	}
	var size [4]byte
	if _, err := io.ReadFull(in, size[:wide]); err != nil {
		return nil, badNPY("it ends in its header")
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > maxHeader {
		return nil, badNPY("a header of %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, badNPY("it ends in its header")
	}
	r := &npy{in: in, at: int64(8 + wide + len(text))}
	return r, r.header(string(text))
}

func (r *npy) header(text string) error {
	descr, order, shape := npyDescr.FindStringSubmatch(text), npyOrder.FindStringSubmatch(text), npyShape.FindStringSubmatch(text)
	if descr == nil || order == nil || shape == nil {
		return badNPY("the header lacks descr, fortran_order or shape: %q", text[:min(len(text), 100)])
	}
	elem, ok := elements[descr[1]]
	if !ok {
		return badNPY("an array of %q: give one of numbers, little-endian: astype('<f4')", descr[1])
	}
	if order[1] == "True" {
		return badNPY("it is in Fortran order: save numpy.ascontiguousarray of it")
	}
	var dims []int
	for word := range strings.SplitSeq(strings.ReplaceAll(shape[1], "L", ""), ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil {
			return badNPY("shape (%s)", shape[1])
		}
		dims = append(dims, n)
	}
	switch len(dims) {
	case 1:
		dims = []int{1, dims[0]}
	case 2:
	default:
		return badNPY("shape (%s): give an array with a vector in each row", shape[1])
	}
	if dims[1] < 1 || dims[1] > vector.MaxDims {
		return badNPY("shape (%s): rows of %d elements: not 1 to %d", shape[1], dims[1], vector.MaxDims)
	}
	r.elem, r.rows = elem, dims[0]
	r.row, r.v = make([]byte, elem.size*dims[1]), make([]float32, dims[1])
	return nil
}

func (r *npy) Next() (Item, error) {
	if r.n == r.rows {
		return Item{}, io.EOF
	}
	if n, err := io.ReadFull(r.in, r.row); err == io.EOF || err == io.ErrUnexpectedEOF {
		return Item{}, badNPY("row %d of %d, byte %d: the file ends after %d of the row's %d bytes", r.n+1, r.rows, r.at, n, len(r.row))
	} else if err != nil {
		return Item{}, err
	}
	for i := range r.v {
		r.v[i] = r.elem.get(r.row[i*r.elem.size:])
	}
	r.n++
	r.at += int64(len(r.row))
	return Item{Vector: r.v, Where: fmt.Sprintf("row %d", r.n)}, nil
}
