// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"os"
	"path/filepath"
	"testing"
)

// Without an index a journal answers the same.
func TestNoIndex(t *testing.T) {
	for _, without := range []bool{false, true} {
		dir := t.TempDir()
		fill(t, dir, 2000, Options{NoIndex: without})
		_, err := os.Stat(filepath.Join(dir, indexName(SegmentName(1))))
		if os.IsNotExist(err) != without {
			t.Errorf("without %v: %v", without, err)
		}
		if ordinal, _, err := open(t, dir).Find(testIDBase + 1234); ordinal != 1234 || err != nil {
			t.Errorf("without %v: found %d, %v", without, ordinal, err)
		}
	}
}
