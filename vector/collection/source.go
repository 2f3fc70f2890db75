// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"errors"
	"sync"

	"vexj/vector"
)

// A source gives the graph the originals from the store, and those of vectors that
// are being deleted, which the graph still has when the store has not.
type source struct {
	store *vector.Store

	mu    sync.RWMutex
	dying map[uint64][]float32
}

// Vector is for the graph.
func (s *source) Vector(id uint64, buf []float32) ([]float32, error) {
	v, err := s.store.Vector(id, buf)
	if err == nil || !errors.Is(err, vector.ErrNotFound) {
		return v, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v, ok := s.dying[id]; ok {
		return append(buf[:0], v...), nil
	}
	return nil, err
}

// keep notes a vector that is about to be deleted.
func (s *source) keep(id uint64, v []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dying == nil {
		s.dying = map[uint64][]float32{}
	}
	s.dying[id] = v
}

func (s *source) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.dying)
}
