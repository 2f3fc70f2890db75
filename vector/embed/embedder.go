// SPDX-License-Identifier: Apache-2.0

package embed

import (
	"context"
	"errors"
)

// Kind is what a text is.
type Kind int

const (
	Document Kind = iota // it is to be found
	Query                // it says what is to be found
)

// An Embedder makes vectors of texts. It may be used by several goroutines.
type Embedder interface {
	// Model names what makes the vectors: those of different models have nothing to
	// do with each other.
	Model() string
	// Dims is how many elements a vector has; 0: not known before the first.
	Dims() int
	// Embed returns a vector for each text. A text without any word has the vector
	// of zeroes.
	Embed(ctx context.Context, kind Kind, texts []string) ([][]float32, error)
}

// What callers tell apart. All are wrapped.
var (
	// ErrEndpoint: a model could not be asked, or did not answer.
	ErrEndpoint = errors.New("embedding endpoint")
	// ErrAnswer: it answered with something else than vectors.
	ErrAnswer = errors.New("bad answer of the embedding endpoint")
	// ErrOption: an option is out of its range.
	ErrOption = errors.New("bad option of an embedder")
	// ErrState: what was learned of frequencies cannot be read.
	ErrState = errors.New("bad state of an embedder")
)
