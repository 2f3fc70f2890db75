// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"vexj/uapi"
	"vexj/userjournal"
)

// A recorder archives and removes beside its own writing, says what it may not
// remove, once, and writes down what was removed; of a set, in each shard.
func TestKeepUp(t *testing.T) {
	for _, shards := range []int{1, 2} {
		t.Run(fmt.Sprint(shards, " shards"), func(t *testing.T) { keepUp(t, shards) })
	}
}

func keepUp(t *testing.T, shards int) {
	dir, archive := filepath.Join(t.TempDir(), "journal"), filepath.Join(t.TempDir(), "archive")
	var dirs []string
	for i := range shards {
		dirs = append(dirs, filepath.Join(dir, fmt.Sprint(i)))
	}
	options := userjournal.Options{SegmentSize: 64 << 10, Interval: -1, Codec: userjournal.CodecNone}
	w, err := userjournal.CreateSet(dir, dirs, options)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := uapi.NewBuilder(nil)
	for i := range uint64(3000) {
		b.Begin(uapi.Header{EventID: i + 1, Type: uapi.FSWrite, Ktime: i + 1})
		b.AddString(uapi.AttrPath, strings.Repeat("/x", 60))
		rec, err := b.Finish()
		if err == nil {
			_, err = w.Shards()[i%uint64(shards)].Append(rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	s, err := userjournal.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Consumers().Add("slow", make(userjournal.Position, shards)); err != nil {
		t.Fatal(err)
	}
	var said []string
	c := &Capture{journal: w, o: Options{Journal: dir, Notice: func(text string) { said = append(said, text) },
		Upkeep: Upkeep{MaxBytes: 1, Archive: archive}}}
	once := func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		c.keepUp(ctx)
	}
	once()
	if len(said) != shards+1 || !strings.Contains(said[0], "moved to") || !strings.Contains(said[shards], "kept for who has not acknowledged them: slow") {
		t.Errorf("said %q", said)
	}
	end, err := s.End()
	if err == nil {
		err = s.Consumers().Acknowledge("slow", end)
	}
	if err != nil {
		t.Fatal(err)
	}
	said = nil
	once()
	if len(said) != shards || !strings.Contains(said[0], "records removed") {
		t.Errorf("said %q", said)
	}
	told := 0
	err = s.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		if a, ok := rec.Removed(); ok {
			told++
			if a.First != 1 || a.Reason != uapi.RemovedSize {
				t.Errorf("told %+v", a)
			}
		}
		return nil
	})
	if err != nil || told != shards {
		t.Errorf("told %d times, %v", told, err)
	}
}
