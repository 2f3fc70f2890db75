// SPDX-License-Identifier: Apache-2.0

package hnsw

// lazyFile is a mapped snapshot, whose blocks are checked when first used.
type lazyFile struct{}

func (f *lazyFile) close() {}

func (g *Graph) touch(slot uint32) error { return nil }
