// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"vexj/uapi"
)

func TestAppendDoesNotAllocate(t *testing.T) {
	recs := newWorkload(1).records(1000)
	// Allocations of all goroutines count: none is to look for missing indexes.
	w, err := Create(t.TempDir(), Options{Durability: DurabilityNone, Interval: -1, NoIndex: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	// The blocks are bound to cost something: these fit into one.
	if n := testing.AllocsPerRun(1, func() {
		for _, rec := range recs[:300] {
			if _, err := w.Append(rec); err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations for 300 records", n)
	}
}

func TestAppendRefusesWhatIsNoRecord(t *testing.T) {
	good := newWorkload(1).records(1)[0]
	bad := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		return b
	}
	dir := t.TempDir()
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, rec := range map[string][]byte{
		"nothing":  nil,
		"header":   good[:100],
		"cut":      good[:len(good)-4],
		"too long": append(bytes.Clone(good), 0, 0, 0, 0),
		"size":     bad(func(b []byte) { le.PutUint32(b[recSize:], uint32(len(b))-4) }),
		"context":  bad(func(b []byte) { le.PutUint32(b[recContext:], 1<<31) }),
		"links":    bad(func(b []byte) { le.PutUint32(b[recLinks:], 1<<31) }),
	} {
		if _, err := w.Append(rec); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.AppendBatch([][]byte{good, rec}); !errors.Is(err, ErrRecord) {
			t.Errorf("%s in a batch: %v", name, err)
		}
	}
	if ordinal, err := w.Append(good); ordinal != 1 || err != nil {
		t.Errorf("ordinal %d, %v", ordinal, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(good); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if err := w.Sync(); !errors.Is(err, ErrClosed) {
		t.Errorf("Sync after Close: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	got, _ := scanAll(t, open(t, dir), ScanOptions{})
	equal(t, got, [][]byte{good})
}

// Records of every size up to the largest are kept as they are.
func TestRecordSizes(t *testing.T) {
	var recs [][]byte
	for size := recHeader; size <= MaxRecord; size += 4 + size/3&^3 {
		recs = append(recs, payloadRecord(size))
	}
	recs = append(recs, payloadRecord(MaxRecord))
	for _, codec := range codecs {
		dir := t.TempDir()
		w, err := Create(dir, Options{Codec: codec, SegmentSize: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := w.AppendBatch(recs); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, _ := scanAll(t, open(t, dir), ScanOptions{})
		equal(t, got, append(append(append([][]byte{}, recs...), recs...), recs...))
		verify(t, dir)
	}
}

// payloadRecord is a record of the size with a payload that does not compress.
func payloadRecord(size int) []byte {
	b := make([]byte, size)
	h := uapi.Header{EventID: uint64(size), Size: uint32(size), PayloadSize: uint32(size - recHeader), Version: uapi.Version}
	h.Put(b)
	x := uint32(size)
	for i := recHeader; i < size; i++ {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func TestDurability(t *testing.T) {
	recs := newWorkload(1).records(10)
	tests := []struct {
		durability         Durability
		afterAppend, after uint64 // acknowledged after Append and AppendBatch
	}{
		{DurabilityNone, 0, 0},
		{DurabilityInterval, 0, 0},
		{DurabilityBatch, 0, 10},
		{DurabilityRecord, 1, 10},
	}
	for _, test := range tests {
		t.Run(test.durability.String(), func(t *testing.T) {
			w, err := Create(t.TempDir(), Options{Durability: test.durability, Interval: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := w.Append(recs[0]); err != nil {
				t.Fatal(err)
			}
			if n := w.Stats().Acknowledged; n != test.afterAppend {
				t.Errorf("after Append: %d", n)
			}
			if _, err := w.AppendBatch(recs[1:]); err != nil {
				t.Fatal(err)
			}
			if n := w.Stats().Acknowledged; n != test.after {
				t.Errorf("after AppendBatch: %d", n)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if s := w.Stats(); s.Written != 10 || s.Acknowledged != test.after {
				t.Errorf("after Flush: %+v", s)
			}
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
			if n := w.Stats().Acknowledged; n != 10 {
				t.Errorf("after Sync: %d", n)
			}
			if d, err := ParseDurability(test.durability.String()); d != test.durability || err != nil {
				t.Errorf("ParseDurability: %v, %v", d, err)
			}
		})
	}
}

// With an interval records become visible and safe without a call.
func TestInterval(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Options{Interval: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	recs := newWorkload(1).records(3)
	for i, rec := range recs {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
		for w.Stats().Acknowledged < uint64(i)+1 {
			runtime.Gosched()
		}
		got, _ := scanAll(t, open(t, dir), ScanOptions{})
		equal(t, got, recs[:i+1])
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := Create(dir, Options{}); !errors.Is(err, ErrLocked) || !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("second writer: %v", err)
	}
	if pid, err := WriterPID(dir); pid != os.Getpid() || err != nil {
		t.Errorf("writer is %d, %v", pid, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if pid, err := WriterPID(dir); pid != 0 || err != nil {
		t.Errorf("writer is %d, %v", pid, err)
	}
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), fmt.Sprintf("%s=%s 0 %d 0", crashEnv, dir, DurabilityRecord))
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, Options{}); !errors.As(err, &locked) || locked.PID != other.Process.Pid {
		t.Errorf("writer in another process: %v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{Durability: 9}, {Durability: -1}, {Codec: 77}, {BlockSize: 1}, {BlockSize: 2 << 20}, {SegmentSize: 10},
	} {
		if _, err := Create(t.TempDir(), o); !errors.Is(err, ErrOption) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, c := range codecs {
		if got, err := ParseCodec(c.String()); got != c || err != nil {
			t.Errorf("ParseCodec(%v): %v, %v", c, got, err)
		}
	}
	if _, err := ParseCodec("gzip"); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
	if _, err := ParseDurability("maybe"); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
}

func TestSegmentNames(t *testing.T) {
	if n := SegmentName(1); n != "00000000000000000001.usjl" {
		t.Error(n)
	}
	for _, first := range []uint64{1, 12345, maxOrdinal} {
		if got, ok := ParseSegmentName(SegmentName(first)); got != first || !ok {
			t.Errorf("%d: %d, %v", first, got, ok)
		}
	}
	for _, name := range []string{"", "1.usjl", "00000000000000000000.usjl", "+0000000000000000001.usjl", filepath.Join("x", SegmentName(1)), "99999999999999999999.usjl", SegmentName(maxOrdinal + 1)} {
		if _, ok := ParseSegmentName(name); ok {
			t.Errorf("%q is taken for a segment", name)
		}
	}
}
