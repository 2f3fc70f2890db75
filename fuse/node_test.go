// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"testing"
	"unsafe"
)

// A node fills a size class of the allocator: one byte more, and a million of them take
// sixteen million.
func TestNodeIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(node{}); size > 128 {
		t.Errorf("a node takes %d bytes", size)
	}
}
