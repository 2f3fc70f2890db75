// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"vexj/uapi"
	"vexj/userjournal"
)

// A recorder archives and removes beside its own writing, says what it may not
// remove, once, and writes down what was removed.
func TestKeepUp(t *testing.T) {
	dir, archive := filepath.Join(t.TempDir(), "journal"), filepath.Join(t.TempDir(), "archive")
	options := userjournal.Options{SegmentSize: 64 << 10, Interval: -1, Codec: userjournal.CodecNone}
	w, err := userjournal.Create(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := uapi.NewBuilder(nil)
	for i := range uint64(2000) {
		b.Begin(uapi.Header{EventID: i + 1, Type: uapi.FSWrite, Ktime: i + 1})
		b.AddString(uapi.AttrPath, strings.Repeat("/x", 60))
		rec, err := b.Finish()
		if err == nil {
			_, err = w.Append(rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	r, err := userjournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Consumers().Add("slow", 0); err != nil {
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
	if len(said) != 2 || !strings.Contains(said[0], "moved to") || !strings.Contains(said[1], "kept for who has not acknowledged them: slow") {
		t.Errorf("said %q", said)
	}
	if _, err := r.Consumers().Acknowledge("slow", 2000); err != nil {
		t.Fatal(err)
	}
	once()
	if len(said) != 3 || !strings.Contains(said[2], "records removed, ordinals 1 to ") {
		t.Errorf("said %q", said)
	}
	var told uapi.Removed
	err = r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		if a, ok := rec.Removed(); ok {
			told = a
		}
		return nil
	})
	if err != nil || told.First != 1 || told.Reason != uapi.RemovedSize {
		t.Errorf("told %+v, %v", told, err)
	}
}
