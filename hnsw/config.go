// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"

	"vexj/internal/produce"
	"vexj/uapi"
)

// Metric says what is near: L2 is the squared distance, Cosine 1 less the cosine,
// Dot the inner product negated, and under Hamming an element above 0 is a 1.
type Metric = uapi.Metric

const (
	L2        = uapi.MetricL2
	Cosine    = uapi.MetricCosine
	Dot       = uapi.MetricDot
	Manhattan = uapi.MetricManhattan
	Hamming   = uapi.MetricHamming
)

// Codes says by what the graph is traversed. Results are ranked by the originals
// whichever it is.
type Codes uint8

const (
	NoCodes Codes = 0 // the originals
	SQ8     Codes = 1 // a byte for each element
	Bits    Codes = 2 // a bit for each element: above its mean or not
)

var codeNames = [...]string{"float32", "sq8", "bits"}

// String returns the word for the codes.
func (c Codes) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return fmt.Sprintf("codes %d", uint8(c))
}

// Source has the originals of a graph that keeps none itself. It must know an id
// before it is inserted and until it is deleted, and be safe for concurrent use.
type Source interface {
	// Vector returns the vector of id, in buf or in memory that stays as it is
	// while the id is in the graph.
	Vector(id uint64, buf []float32) ([]float32, error)
}

// Sink takes the records of one operation, in order. They are valid during the
// call. What it returns for is not durable until the owner of the sink says so.
// It is called by several goroutines at a time if the graph is.
type Sink interface {
	Append(recs []uapi.Record) error
}

const (
	// MaxDims is the largest Dims.
	MaxDims = 65536
	// MaxM is the largest M.
	MaxM = 256

	defaultM    = 16
	defaultEf   = 200
	defaultSeed = 42
)

// Config is what a graph is made with. Dims is all that it must have.
type Config struct {
	Dims           int    // elements of a vector, 1 to MaxDims
	Metric         Metric // default L2
	M              int    // links of a new node in each layer, twice as many in the lowest; default 16
	EfConstruction int    // candidates that an insert looks at; default 200
	Seed           uint64 // of the levels; default 42
	Codes          Codes  // default NoCodes

	Source Source // nil: the graph keeps the originals
	Sink   Sink   // nil: no records
	// Run numbers the records; nil: one of the graph's own. Who gives it makes the
	// records of its start and its stop.
	Run *produce.Run
	// Searches is how many searches' records are handed to the sink together; 0:
	// searches make none.
	Searches int
}

func (c *Config) fill() error {
	if c.M == 0 {
		c.M = defaultM
	}
	if c.EfConstruction == 0 {
		c.EfConstruction = defaultEf
	}
	if c.Seed == 0 {
		c.Seed = defaultSeed
	}
	switch {
	case c.Dims < 1 || c.Dims > MaxDims:
		return fmt.Errorf("%w: %d dimensions: give 1 to %d", ErrConfig, c.Dims, MaxDims)
	case !c.Metric.Known():
		return fmt.Errorf("%w: %s is unknown", ErrConfig, c.Metric)
	case int(c.Codes) >= len(codeNames):
		return fmt.Errorf("%w: %s are unknown", ErrConfig, c.Codes)
	case c.M < 2 || c.M > MaxM:
		return fmt.Errorf("%w: M is %d: give 2 to %d", ErrConfig, c.M, MaxM)
	case c.EfConstruction < 1 || c.EfConstruction > maxEf:
		return fmt.Errorf("%w: efConstruction is %d: give 1 to %d", ErrConfig, c.EfConstruction, maxEf)
	case c.Metric == Hamming && (c.Codes != NoCodes || c.Source != nil):
		return fmt.Errorf("%w: vectors of bits are their own codes, and the graph keeps them: give neither Codes nor Source with hamming", ErrConfig)
	case c.Codes == Bits && (c.Metric == Manhattan || c.Metric == Dot):
		return fmt.Errorf("%w: bits tell nothing of %s: give SQ8", ErrConfig, c.Metric)
	case c.Searches < 0:
		return fmt.Errorf("%w: Searches is %d", ErrConfig, c.Searches)
	}
	c.EfConstruction = max(c.EfConstruction, c.M)
	return nil
}
