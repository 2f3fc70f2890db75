// SPDX-License-Identifier: Apache-2.0

package parquet

import (
	"io"

	"github.com/parquet-go/parquet-go"

	"vexj/export/folder"
	"vexj/internal/render"
)

const (
	rowGroup = 122_880 // what DuckDB has in one of its own
	maxPart  = 8 * rowGroup
	// maxWords bounds the dictionary of a column, in bytes: one with more different
	// values does without.
	maxWords = 1 << 20
)

// Format is that of files in a folder.
func Format() folder.Format {
	return folder.Format{Ext: "parquet", New: func(w io.Writer) (folder.Encoder, error) { return NewEncoder(w), nil }}
}

// An Encoder writes one file.
type Encoder struct {
	w    *parquet.GenericWriter[Row]
	rows rows
	n    int
}

// NewEncoder writes to w.
func NewEncoder(w io.Writer) *Encoder {
	return &Encoder{w: parquet.NewGenericWriter[Row](w,
		parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowGroup),
		parquet.DictionaryMaxBytes(maxWords), parquet.CreatedBy("vexj", "2", ""))}
}

// Add writes a row.
func (c *Encoder) Add(e render.Entry) error {
	c.rows.add(e)
	c.n++
	if c.rows.full() {
		return c.flush()
	}
	return nil
}

func (c *Encoder) flush() error {
	_, err := c.w.Write(c.rows.rows[:c.rows.n])
	c.rows.reset()
	return err
}

// Full reports whether the file has as many rows as one shall have.
func (c *Encoder) Full() bool { return c.n >= maxPart }

// Finish writes the end of the file.
func (c *Encoder) Finish() error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.w.Close()
}
