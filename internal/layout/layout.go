// SPDX-License-Identifier: Apache-2.0

package layout

import "sort"

// A Form is how the bytes of a field are meant. Numbers are little-endian.
type Form int

const (
	Decimal Form = iota
	Signed
	Hexadecimal
	Octal
	Text        // padded with NULs
	Bytes       // opaque
	UUID        // 16 bytes
	Seconds     // since 1970
	Nanoseconds // since 1970
	Word        // a number that stands for one of Words
	Flags       // bits, each of which is one of Words
	Zero        // nothing: nobody reads it
)

// A Field is a stretch of bytes with a meaning.
type Field struct {
	Name   string
	Offset int // in its part
	Size   int
	Form   Form
	Words  map[uint64]string
}

// A Part is a stretch of a file.
type Part struct {
	Name   string
	Offset int64 // in the file
	Size   int64
	Data   []byte  // its first bytes: those that the fields describe, or none
	Fields []Field // of Data, in ascending order, with none between them left out

	// Number is that of the block, event or entry that the part is or belongs
	// to, from 1; 0: to none.
	Number uint64
	// Note says what the part is as a whole; Problem, what is wrong with it.
	Note    string
	Problem error
	// Records returns what is inside, one behind the other; nil: nothing is.
	// It is valid until the next part.
	Records func() ([]byte, error)
}

// Fill sorts fields and puts one of form Zero where they leave bytes of size
// out, so that a table needs to name only what is written.
func Fill(size int, fields ...Field) []Field {
	sort.SliceStable(fields, func(i, j int) bool { return fields[i].Offset < fields[j].Offset })
	var all []Field
	end := 0
	for _, f := range fields {
		if f.Offset > end {
			all = append(all, Field{Name: "(zero)", Offset: end, Size: f.Offset - end, Form: Zero})
		}
		all = append(all, f)
		end = f.Offset + f.Size
	}
	if end < size {
		all = append(all, Field{Name: "(zero)", Offset: end, Size: size - end, Form: Zero})
	}
	return all
}
