// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vexj/internal/layout"
	"vexj/uapi"
)

// What is done to a journal, by a process of its own each.
var memoryOps = map[string]func(dir string, records int) error{
	"write": func(dir string, records int) error { return fillDir(dir+".new", records) },
	"scan":  func(dir string, _ int) error { return scanDir(dir, ScanOptions{}) },
	"back":  func(dir string, _ int) error { return scanDir(dir, ScanOptions{Reverse: true}) },
	"keys":  func(dir string, _ int) error { return scanDir(dir, ScanOptions{Keys: [][]Key{{InodeKey(1 << 20)}}}) },
	"verify": func(dir string, _ int) error {
		return withReader(dir, func(r *Reader) error { _, err := r.Verify(nil); return err })
	},
	"find": func(dir string, records int) error {
		return withReader(dir, func(r *Reader) error {
			for i := range 500 {
				if _, _, err := r.Find(testIDBase + uint64(1+i*(records/500))); err != nil {
					return err
				}
			}
			return nil
		})
	},
	"index":  func(dir string, _ int) error { _, err := Reindex(dir, true); return err },
	"reopen": func(dir string, _ int) error { return appendOne(dir) },
	"archive": func(dir string, _ int) error {
		if _, err := Archive(dir, ArchiveOptions{To: dir + ".archive"}); err != nil {
			return err
		}
		return scanDir(dir, ScanOptions{})
	},
	"retain": func(dir string, _ int) error { _, err := Retain(dir, RetainOptions{MaxBytes: 1}); return err },
	"follow": func(dir string, records int) error {
		return withReader(dir, func(r *Reader) error {
			return r.Follow(context.Background(), 1, func(ordinal uint64, _ uapi.Record) error {
				if ordinal == uint64(records) {
					return ErrStop
				}
				return nil
			})
		})
	},
	"repair": func(dir string, _ int) error {
		_, err := Repair(dir, dir+".new", RepairOptions{})
		return err
	},
	"inspect": func(dir string, _ int) error {
		return eachSegment(dir, func(f File, size int64) error {
			return Describe(f, size, func(p layout.Part) error { return p.Problem })
		})
	},
	// As if no writer had come to close it.
	"recover": func(dir string, _ int) error {
		names, _, err := listSegments(OSFS, dir)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, names[len(names)-1])
		s, err := openSegment(OSFS, place{dir, names[len(names)-1]})
		if err != nil {
			return err
		}
		if err := os.Truncate(path, s.footer.offset); err != nil {
			return err
		}
		if report, err := Recover(dir, RecoverOptions{}); err != nil || len(report.Segments) != 1 {
			return fmt.Errorf("%+v, %w", report, err)
		}
		return nil
	},
}

func eachSegment(dir string, fn func(f File, size int64) error) error {
	names, _, err := listSegments(OSFS, dir)
	for _, name := range names {
		f, openErr := OSFS.Open(filepath.Join(dir, name))
		if openErr != nil {
			return openErr
		}
		size, sizeErr := f.Size()
		err = errors.Join(err, sizeErr, fn(f, size), f.Close())
	}
	return err
}

// memoryGiB is the size of the larger journal, if it is to be a large one.
func memoryGiB() int64 {
	n, _ := strconv.ParseInt(os.Getenv("VEXJ_MEMORY_GIB"), 10, 32)
	return n
}

func fillDir(dir string, n int) error {
	o := Options{SegmentSize: 2 << 20, Interval: -1}
	if memoryGiB() > 0 {
		o = Options{Codec: CodecNone}
	}
	w, err := Create(dir, o)
	if err != nil {
		return err
	}
	work := newWorkload(1)
	for range n {
		if _, err := w.Append(work.next()); err != nil {
			return err
		}
	}
	return w.Close()
}

func appendOne(dir string) error {
	w, err := Create(dir, Options{})
	if err != nil {
		return err
	}
	_, err = w.Append(newWorkload(2).next())
	return errors.Join(err, w.Close())
}

func withReader(dir string, fn func(*Reader) error) error {
	r, err := Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(fn(r), r.Close())
}

func scanDir(dir string, o ScanOptions) error {
	return withReader(dir, func(r *Reader) error {
		return r.Scan(o, func(uint64, uapi.Record) error { return nil })
	})
}

// Memory has a bound that does not depend on the size of the journal, whatever
// is done to it. VEXJ_MEMORY_GIB makes the larger one so large, on the disk, which
// takes minutes and three times the room.
func TestMemoryIsBounded(t *testing.T) {
	if op := os.Getenv("VEXJ_TEST_MEMORY"); op != "" {
		n, err := strconv.Atoi(os.Getenv("VEXJ_TEST_RECORDS"))
		if err == nil {
			err = memoryOps[op](os.Getenv("VEXJ_TEST_DIR"), n)
		}
		fmt.Println("peak", peakKiB(), err)
		return
	}
	small, large := 20_000, 200_000
	if gib := memoryGiB(); gib > 0 {
		raw, n := rawBlock(MaxBlockSize)
		small, large = 1_000_000, int(gib<<30/int64(len(raw)/n))
	}
	base := t.TempDir()
	dirs := map[int]string{}
	for _, n := range []int{small, large} {
		dirs[n] = filepath.Join(base, fmt.Sprint(n))
		if err := fillDir(dirs[n], n); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range []string{"write", "scan", "back", "follow", "keys", "verify", "find", "index", "inspect", "repair", "recover", "reopen", "archive", "retain"} {
		before, after := peakOf(t, op, dirs[small], small), peakOf(t, op, dirs[large], large)
		t.Logf("%s: %d KiB, and %d KiB of %d times as many records", op, before, after, large/small)
		// A cache of 8 MiB that the small one does not fill, and as much garbage.
		if after > before*5/4+16<<10 || after > 64<<10 {
			t.Errorf("%s: %d KiB of %d records, %d KiB of %d", op, before, small, after, large)
		}
	}
}

func peakOf(t *testing.T, op, dir string, records int) (kib int) {
	t.Helper()
	defer os.RemoveAll(dir + ".new")
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryIsBounded$")
	cmd.Env = append(os.Environ(), "VEXJ_TEST_MEMORY="+op, "VEXJ_TEST_DIR="+dir, fmt.Sprint("VEXJ_TEST_RECORDS=", records))
	out, err := cmd.CombinedOutput()
	var failed string
	if _, scanErr := fmt.Sscan(string(out), new(string), &kib, &failed); err != nil || scanErr != nil || failed != "<nil>" {
		t.Fatalf("%s: %v: %s", op, err, out)
	}
	return kib
}

// peakKiB is the most that was resident of this process.
func peakKiB() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kib
}
