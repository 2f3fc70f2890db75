// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"os"
	"path/filepath"
	"testing"

	"vexj/uapi"
)

// goldenFiles are those that the fuzzer puts others in the place of.
var goldenFiles = []string{checkpointName, "vectors.00000001", "slots.00000001", "texts.00000001", "ids.00000001.00000001"}

// unsynced is the machine's filesystem without the waiting.
type unsynced struct{ FS }

func (unsynced) SyncDir(string) error { return nil }

func (u unsynced) Create(name string) (File, error) {
	f, err := u.FS.Create(name)
	return unsyncedFile{f}, err
}

func (u unsynced) OpenWrite(name string) (File, error) {
	f, err := u.FS.OpenWrite(name)
	return unsyncedFile{f}, err
}

type unsyncedFile struct{ File }

func (unsyncedFile) Sync() error { return nil }

// FuzzOpen opens a store of which one file is anything: it is refused, or what comes
// out of it comes out without a panic.
func FuzzOpen(f *testing.F) {
	for i, name := range goldenFiles {
		b, err := os.ReadFile(filepath.Join("testdata/golden", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), b)
	}
	f.Fuzz(func(t *testing.T, which uint8, content []byte) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("testdata/golden")); err != nil {
			t.Fatal(err)
		}
		name := goldenFiles[int(which)%len(goldenFiles)]
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, readOnly := range []bool{true, false} {
			s, err := Open(dir, Options{ReadOnly: readOnly, FS: unsynced{OSFS}})
			if err != nil {
				continue
			}
			if _, err := s.Verify(); err != nil {
				t.Log(err)
			}
			for id := range uint64(12) {
				_, _ = s.Get(id)
			}
			q := make([]float32, s.config.Dims)
			q[0] = 1
			_, _ = s.Search(q, 3, SearchOptions{})
			_ = s.Close()
		}
	})
}

// FuzzApply applies any record to a store: nothing but a whole change that the record
// says changes it.
func FuzzApply(f *testing.F) {
	sink := &memorySink{}
	s, err := Create(f.TempDir(), Config{Dims: 2}, Options{Sink: sink})
	if err != nil {
		f.Fatal(err)
	}
	id, _ := s.Create(0, []float32{1, 2}, Meta{Path: "/p", Tags: "[]", Inode: 3})
	_ = s.Update(id, []float32{3, 4}, Meta{})
	_ = s.Delete(id)
	_ = s.Close()
	for _, rec := range sink.recs {
		f.Add([]byte(rec))
	}
	dir := f.TempDir()
	s, err = Create(dir, Config{Dims: 2}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := uapi.Check(b)
		if err != nil {
			return
		}
		before := s.Len()
		changed, err := s.Apply(rec)
		if (err != nil || !changed) && s.Len() != before {
			t.Fatalf("%d vectors, and %d before, though nothing was changed: %v", s.Len(), before, err)
		}
	})
}
