// SPDX-License-Identifier: Apache-2.0

package vector_test

import (
	"math/rand/v2"
	"testing"

	"vexj/uapi"
	"vexj/userjournal/crashfs"
	"vexj/vector"
	"vexj/vector/vectortest"
)

// must returns a value that comes without an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestPowerCut cuts the power at random steps of a run: what is there then is what
// a Sync had returned for, or the one that was under way, to the byte.
func TestPowerCut(t *testing.T) {
	const dir = "/s"
	root := t.TempDir()
	fsys := vectortest.New()
	if err := fsys.MkdirAll(root); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	c := vector.Config{Name: "cut", Dims: 24, Elem: uapi.ElemFloat32, Metric: uapi.MetricL2}
	s := must(vector.Create(root+dir, c, vector.Options{FS: fsys}))
	digests := []vector.Digest{must(s.Digest())}
	fsys.Disk.Note(0)
	var ids []uint64
	vec := func() []float32 {
		v := make([]float32, c.Dims)
		for i := range v {
			v[i] = rng.Float32()
		}
		return v
	}
	for n := range 240 {
		switch {
		case len(ids) == 0 || rng.IntN(3) > 0:
			ids = append(ids, must(s.Create(0, vec(), vector.Meta{Path: "/a/path", Inode: uint64(n)})))
		case rng.IntN(2) == 0:
			if err := s.Update(ids[rng.IntN(len(ids))], vec(), vector.Meta{Tags: `["t"]`}); err != nil {
				t.Fatal(err)
			}
		default:
			i := rng.IntN(len(ids))
			if err := s.Delete(ids[i]); err != nil {
				t.Fatal(err)
			}
			ids = append(ids[:i], ids[i+1:]...)
		}
		if n%12 != 11 {
			continue
		}
		var err error
		digests = append(digests, must(s.Digest()))
		switch n % 5 {
		case 0:
			err = s.Compact()
		case 1:
			if err = s.Close(); err == nil {
				s, err = vector.Open(root+dir, vector.Options{FS: fsys})
			}
		default:
			err = s.Sync(uint64(n))
		}
		if err != nil {
			t.Fatal(err)
		}
		fsys.Disk.Note(uint64(len(digests) - 1))
	}
	steps := fsys.Disk.Steps()
	points := 120
	for range points {
		k, mode, seed := rng.IntN(steps+1), crashfs.Modes[rng.IntN(len(crashfs.Modes))], rng.Uint64()
		disk := fsys.Disk.Cut(k, mode, seed)
		to := t.TempDir()
		vectortest.Restore(t, disk, root, to)
		if len(disk.Files()) == 0 || fsys.Disk.Noted(k) == 0 {
			continue // Create had not returned
		}
		after, err := vector.Open(to+dir, vector.Options{})
		if err != nil {
			t.Fatalf("cut at %d of %d, %s, seed %d: %v", k, steps, mode, seed, err)
		}
		noted := fsys.Disk.Noted(k)
		got := must(after.Digest())
		if got != digests[noted] && (int(noted)+1 == len(digests) || got != digests[noted+1]) {
			t.Fatalf("cut at %d of %d, %s, seed %d: the store is neither that of sync %d nor the next", k, steps, mode, seed, noted)
		}
		if r := must(after.Verify()); len(r.Damage) > 0 {
			t.Fatalf("cut at %d of %d, %s, seed %d: %v", k, steps, mode, seed, r.Damage)
		}
		// It goes on.
		must(after.Create(0, vec(), vector.Meta{}))
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
