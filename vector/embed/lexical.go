// SPDX-License-Identifier: Apache-2.0

package embed

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"sync"
)

const (
	k1 = 1.2
	b  = 0.75

	// buckets are counters of documents: features that share one seem as frequent
	// as both are together.
	buckets = 1 << 16

	// LexicalModel is the model's name. Another way of making vectors is another one.
	LexicalModel = "lexical-1"
)

// Lexical makes vectors of words and their parts: see the package documentation. What
// it learns of frequencies is its state.
type Lexical struct {
	dims int

	mu    sync.RWMutex
	docs  uint64
	words uint64 // in all documents
	seen  []uint32
}

var _ Embedder = (*Lexical)(nil)

// NewLexical makes one that has seen no documents. 1,024 elements tell texts apart
// that have hundreds of words.
func NewLexical(dims int) *Lexical { return &Lexical{dims: dims, seen: make([]uint32, buckets)} }

// Model is LexicalModel.
func (l *Lexical) Model() string { return LexicalModel }

// Dims is what NewLexical was told.
func (l *Lexical) Dims() int { return l.dims }

// Observe counts the words of a document.
func (l *Lexical) Observe(text string) {
	found, n := features(text)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.docs++
	l.words += uint64(n)
	for h := range found {
		if at := &l.seen[h%buckets]; *at < math.MaxUint32 {
			*at++
		}
	}
}

// Documents is how many were observed.
func (l *Lexical) Documents() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.docs
}

// Embed never fails but if the context ended.
func (l *Lexical) Embed(ctx context.Context, kind Kind, texts []string) ([][]float32, error) {
	vs := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		vs[i] = l.vector(kind, text)
	}
	return vs, nil
}

func (l *Lexical) vector(kind Kind, text string) []float32 {
	found, n := features(text)
	l.mu.RLock()
	docs, mean := float64(l.docs), 1.0
	if l.docs > 0 {
		mean = max(1, float64(l.words)/docs)
	}
	sums := make([]float64, l.dims)
	for h, f := range found {
		w := float64(f.count)
		if kind == Query {
			seen := float64(l.seen[h%buckets])
			w *= math.Log(1 + (max(docs-seen, 0)+0.5)/(seen+0.5))
		} else {
			w = w * (k1 + 1) / (w + k1*(1-b+b*float64(n)/mean))
		}
		if h>>63 != 0 {
			w = -w
		}
		sums[(h>>16)%uint64(l.dims)] += w * float64(f.scale)
	}
	l.mu.RUnlock()
	length := 0.0
	for _, x := range sums {
		length += x * x
	}
	v := make([]float32, l.dims)
	if length == 0 {
		return v
	}
	for i, x := range sums {
		v[i] = float32(x / math.Sqrt(length))
	}
	return v
}

var stateMagic = [8]byte{'V', 'X', 'V', 'l', 'e', 'x', '1', '\n'}

// MarshalBinary is the state: magic, u32 dimensions, u32 buckets, u64 documents, u64
// words, a u32 for each bucket, and the CRC-32 (IEEE) of that; little-endian.
func (l *Lexical) MarshalBinary() ([]byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	le := binary.LittleEndian
	out := append([]byte(nil), stateMagic[:]...)
	out = le.AppendUint32(out, uint32(l.dims))
	out = le.AppendUint32(out, buckets)
	out = le.AppendUint64(out, l.docs)
	out = le.AppendUint64(out, l.words)
	for _, n := range l.seen {
		out = le.AppendUint32(out, n)
	}
	return le.AppendUint32(out, crc32.ChecksumIEEE(out)), nil
}

// UnmarshalBinary takes the state of one with the same dimensions.
func (l *Lexical) UnmarshalBinary(p []byte) error {
	const head = 32
	le := binary.LittleEndian
	if len(p) != head+4*buckets+4 || [8]byte(p) != stateMagic || le.Uint32(p[12:]) != buckets {
		return fmt.Errorf("%w: %d bytes that do not begin like one", ErrState, len(p))
	}
	if le.Uint32(p[len(p)-4:]) != crc32.ChecksumIEEE(p[:len(p)-4]) {
		return fmt.Errorf("%w: the checksum is wrong", ErrState)
	}
	if n := int(le.Uint32(p[8:])); n != l.dims {
		return fmt.Errorf("%w: it is of %d dimensions, not %d", ErrState, n, l.dims)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.docs, l.words = le.Uint64(p[16:]), le.Uint64(p[24:])
	for i := range l.seen {
		l.seen[i] = le.Uint32(p[head+4*i:])
	}
	return nil
}
