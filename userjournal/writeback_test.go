// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// A begunFS notes what the disk is told to begin with.
type begunFS struct {
	FS
	mu    sync.Mutex
	begun map[string][][2]int64 // from, to
	wrong error
}

type begunFile struct {
	File
	fs   *begunFS
	name string
}

func (b *begunFS) Create(name string) (File, error) {
	f, err := b.FS.Create(name)
	return begunFile{f, b, name}, err
}

func (f begunFile) WriteBack(offset, n int64) {
	f.File.WriteBack(offset, n)
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if size, err := f.File.Size(); err != nil || offset+n > size {
		f.fs.wrong = fmt.Errorf("%s: told to begin with %d bytes at %d of %d, %v", f.name, n, offset, size, err)
	}
	f.fs.begun[f.name] = append(f.fs.begun[f.name], [2]int64{offset, offset + n})
}

// Where a clock syncs the disk is told to begin with all but the end of each segment,
// once, by whole pages; otherwise of nothing.
func TestBegin(t *testing.T) {
	for _, c := range []struct {
		durability Durability
		interval   time.Duration
		told       bool
	}{
		{DurabilityInterval, time.Hour, true},
		{DurabilityInterval, -1, false},
		{DurabilityNone, time.Hour, false},
		{DurabilityBatch, time.Hour, false},
		{DurabilityRecord, time.Hour, false},
	} {
		t.Run(fmt.Sprint(c.durability, c.interval), func(t *testing.T) {
			fsys := &begunFS{FS: OSFS, begun: make(map[string][][2]int64)}
			w, err := Create(t.TempDir(), Options{Durability: c.durability, Interval: c.interval,
				Codec: CodecNone, SegmentSize: 4 << 20, FS: fsys})
			if err != nil {
				t.Fatal(err)
			}
			size := 0
			work := newWorkload(1)
			for size < 10<<20 {
				recs := work.records(1000)
				for _, rec := range recs {
					size += len(rec)
				}
				if _, err := w.AppendBatch(recs); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if fsys.wrong != nil {
				t.Error(fsys.wrong)
			}
			if (len(fsys.begun) > 0) != c.told {
				t.Fatalf("told to begin with %v", fsys.begun)
			}
			told := int64(0)
			for name, ranges := range fsys.begun {
				at := int64(0)
				for _, r := range ranges {
					if r[0] != at || r[1]%beginPage != 0 || r[1]-r[0] < beginStep {
						t.Errorf("%s: told to begin with %v", name, ranges)
					}
					at = r[1]
				}
				told += at
			}
			if c.told && told < int64(size)*3/4 {
				t.Errorf("told to begin with %d bytes of %d", told, size)
			}
		})
	}
}
