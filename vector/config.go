// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"fmt"

	"vexj/internal/produce"
	"vexj/uapi"
)

const (
	// MaxDims is how many elements a vector may have.
	MaxDims = 65536
	// MaxName bounds the name of a store, in bytes.
	MaxName = 64
	// MaxTags bounds the tags of a vector, in bytes. That of a path is
	// uapi.MaxPath.
	MaxTags = 8192
	// MaxVectors is how many slots a store has, dead ones included.
	MaxVectors = 1<<32 - 2
)

// Config is what a store is of, for as long as it exists.
type Config struct {
	Name   string // of the collection, in records; may be empty
	Dims   int    // elements of a vector, 1 to MaxDims
	Elem   uapi.Elem
	Metric uapi.Metric
}

// Check says what is wrong with it: ErrConfig.
func (c *Config) Check() error {
	switch {
	case len(c.Name) > MaxName:
		return fmt.Errorf("%w: a name of %d bytes: give at most %d", ErrConfig, len(c.Name), MaxName)
	case c.Dims < 1 || c.Dims > MaxDims:
		return fmt.Errorf("%w: %d dimensions: give 1 to %d", ErrConfig, c.Dims, MaxDims)
	case !c.Elem.Known():
		return fmt.Errorf("%w: element type %s is unknown: give float32, float16, int8, int16 or binary", ErrConfig, c.Elem)
	case !c.Metric.Known():
		return fmt.Errorf("%w: metric %s is unknown: give l2, cosine, dot, manhattan or hamming", ErrConfig, c.Metric)
	case (c.Elem == uapi.ElemBinary) != (c.Metric == uapi.MetricHamming):
		return fmt.Errorf("%w: %s vectors have no %s distance: binary goes with hamming, and nothing else does", ErrConfig, c.Elem, c.Metric)
	}
	return nil
}

// rowSize is how many bytes a vector has.
func (c *Config) rowSize() int { return c.Elem.Bytes(c.Dims) }

// stride is how far apart vectors stand: whole cache lines, unless that wastes
// more than a third.
func (c *Config) stride() int {
	n := c.rowSize()
	if r := (n + 63) &^ 63; 3*(r-n) <= n {
		return r
	}
	return (n + 7) &^ 7
}

// Options of an open store. The zero value is a writer without records.
type Options struct {
	// ReadOnly opens what the last checkpoint has, beside a writer or without.
	ReadOnly bool
	// Sink gets a record of each change before it is made; nil: none are made.
	Sink produce.Sink
	// Run numbers them; nil: the store begins one of its own, without saying so
	// in the journal.
	Run *produce.Run
	// Searches makes records of searches too.
	Searches bool
	// Results puts what was found into them.
	Results bool
	// FS is the machine's filesystem if nil.
	FS FS
}
