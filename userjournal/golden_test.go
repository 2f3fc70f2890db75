// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vexj/uapi"
)

var update = flag.Bool("update", false, "make testdata/golden anew")

// A golden is a journal in testdata/golden, in a directory with its name, and
// what is to be seen in it, in a text file beside it. The files are frozen: a
// format that cannot read them is another format.
type golden struct {
	name string
	// make turns the good segments, by number, into those of this golden.
	make func(t *testing.T, good [][]byte) [][]byte
}

func one(change func(b []byte) []byte) func(*testing.T, [][]byte) [][]byte {
	return func(_ *testing.T, good [][]byte) [][]byte { return [][]byte{change(bytes.Clone(good[0])), good[1]} }
}

func last(change func(b []byte) []byte) func(*testing.T, [][]byte) [][]byte {
	return func(_ *testing.T, good [][]byte) [][]byte { return [][]byte{good[0], change(bytes.Clone(good[1]))} }
}

// forged has the first record of the second block changed.
func forged(e effort) func(*testing.T, [][]byte) [][]byte {
	return func(t *testing.T, good [][]byte) [][]byte {
		dir := t.TempDir()
		for i, b := range good[:2] {
			if err := os.WriteFile(filepath.Join(dir, SegmentName(uint64(6*i+1))), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		f := forger{e, at(3, changes[1].change), nil}
		files := readDir(t, f.run(t, dir))
		return [][]byte{files[SegmentName(1)], files[SegmentName(7)]}
	}
}

func flipAt(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[(at+len(b))%len(b)] ^= 0x10
		return b
	}
}

var goldens = []golden{
	{"good-none", nil},
	{"good-lz4", nil},
	{"good-delta", nil},
	{"good-unsealed", last(func(b []byte) []byte {
		return b[:le.Uint64(b[len(b)-trailer+trlFooter:])]
	})},
	{"good-signed", nil},
	{"bad-forged-record", forged(checksums)},
	{"bad-forged-block", forged(digests)},
	{"bad-signed-forged", forged(chains)},
	{"bad-signed-not", last(func(b []byte) []byte {
		offset := le.Uint64(b[len(b)-trailer+trlFooter:])
		clear(b[offset+ftrSignTime : offset+ftrHeadSize])
		n := len(b) - trailer
		le.PutUint32(b[n+trlCRC:], checksum(0, b[offset:n+trlCRC]))
		return b
	})},
	{"bad-header-lost", one(func(b []byte) []byte {
		clear(b[:HeaderSize])
		return b
	})},
	{"bad-header-lost-unsealed", last(func(b []byte) []byte {
		clear(b[:HeaderSize])
		return b[:le.Uint64(b[len(b)-trailer+trlFooter:])]
	})},
	{"bad-header", one(flipAt(300))},
	{"bad-magic", one(flipAt(1))},
	{"bad-version", last(func(b []byte) []byte {
		le.PutUint32(b[hdrMajor:], 3)
		le.PutUint32(b[hdrCRC:], checksum(0, b[:hdrCRC]))
		return b
	})},
	{"bad-block-header", one(flipAt(HeaderSize + blkMinKtime))},
	{"bad-block-data", one(flipAt(HeaderSize + blkFixedSize + 120))},
	{"bad-block-stored-wrong", one(func(b []byte) []byte {
		// The checksums are right, the contents are not.
		header := blkFixedSize + int(le.Uint16(b[HeaderSize+blkFilter:]))
		end := HeaderSize + header + int(align(int64(le.Uint32(b[HeaderSize+blkStored:]))))
		b[HeaderSize+header+30] ^= 0xff
		sealBlock(b[HeaderSize:end], header)
		return b
	})},
	{"bad-zone-map", one(func(b []byte) []byte {
		b[HeaderSize+blkPIDs] ^= 0xff
		header := blkFixedSize + int(le.Uint16(b[HeaderSize+blkFilter:]))
		end := HeaderSize + header + int(align(int64(le.Uint32(b[HeaderSize+blkStored:]))))
		sealBlock(b[HeaderSize:end], header)
		return b
	})},
	{"bad-footer", one(flipAt(-trailer - 10))},
	{"bad-last-footer", last(flipAt(-trailer - 10))},
	{"bad-trailer", last(flipAt(-3))},
	{"torn-block", last(func(b []byte) []byte {
		return b[:le.Uint64(b[len(b)-trailer+trlFooter:])-100]
	})},
	{"bad-block-removed", one(func(b []byte) []byte {
		offset := le.Uint64(b[len(b)-trailer+trlFooter:])
		second := b[offset+ftrHeadSize+entSize:]
		from, n := le.Uint64(second[entOffset:]), le.Uint64(second[entSize+entOffset:])-le.Uint64(second[entOffset:])
		return append(b[:from], b[from+n:]...)
	})},
	{"bad-segment-missing", func(_ *testing.T, good [][]byte) [][]byte { return [][]byte{good[0], nil, good[2]} }},
	{"bad-segment-of-another", func(_ *testing.T, good [][]byte) [][]byte { return [][]byte{good[0], good[3], good[2]} }},
	{"bad-first-too-short", func(_ *testing.T, good [][]byte) [][]byte { return [][]byte{good[0][:3000], good[1]} }},
	{"bad-only-too-short", func(_ *testing.T, good [][]byte) [][]byte { return [][]byte{good[0][:3000]} }},
}

const goldenDir = "testdata/golden"

func TestGolden(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			dir := filepath.Join(goldenDir, g.name)
			if *update {
				g.write(t, dir)
			}
			got := transcript(dir)
			if *update {
				if err := os.WriteFile(dir+".txt", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(dir + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if bad := strings.HasPrefix(g.name, "bad-"); bad == strings.Contains(got, "verify: 0 problems") {
				t.Errorf("bad is %v, and yet:\n%s", bad, got)
			}
		})
	}
}

// write makes the journal anew: three segments of three blocks of two records,
// and as a fourth the second one of another journal.
func (g *golden) write(t *testing.T, dir string) {
	codec := CodecDelta
	if c, err := ParseCodec(strings.TrimPrefix(g.name, "good-")); err == nil {
		codec = c
	}
	var key *SigningKey
	if strings.Contains(g.name, "-signed") {
		key = NewSigningKey()
		if err := os.WriteFile(dir+".pub", key.Public().MarshalPEM(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var good [][]byte
	for range 2 {
		tmp := t.TempDir()
		source := newWorkload(9)
		for range 3 {
			w, err := Create(tmp, Options{Codec: codec, Key: key})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := w.AppendBatch(source.records(2)); err != nil {
					t.Fatal(err)
				}
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		files := readDir(t, tmp)
		for _, first := range []uint64{1, 7, 13} {
			good = append(good, files[SegmentName(first)])
		}
	}
	good = [][]byte{good[0], good[1], good[2], good[4]}
	files := good[:2]
	if g.make != nil {
		files = g.make(t, good)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, b := range files {
		if b == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, SegmentName(uint64(6*i+1))), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// transcript is all that can be seen in the journal.
func transcript(dir string) string {
	var out strings.Builder
	r, err := Open(dir)
	if err != nil {
		fmt.Fprintf(&out, "open: %v\n", err)
		return out.String()
	}
	defer r.Close()
	i, err := r.Info()
	fmt.Fprintf(&out, "info: ordinals %d to %d, %d records, %d segments, %d bytes raw, %d stored, clean %v, %s to %s, %v\n",
		i.FirstOrdinal, i.LastOrdinal, i.Records, i.Segments, i.RawBytes, i.StoredBytes, i.Clean,
		i.FirstTime.UTC().Format("15:04:05.000000000"), i.LastTime.UTC().Format("15:04:05.000000000"), err)
	var held Evidence
	if text, err := os.ReadFile(dir + ".pub"); err == nil {
		held.Key, err = ParsePublicKey(text)
		fmt.Fprintf(&out, "key: %v\n", err)
	}
	report, err := r.VerifyAgainst(held, func(p Problem) { fmt.Fprintf(&out, "problem: %v\n", p) })
	if held.Key != (PublicKey{}) {
		fmt.Fprintf(&out, "attested: %+v\n", report.Attested)
	}
	fmt.Fprintf(&out, "verify: %d problems, %d segments, %d blocks, %d records, %d lost, tail %d, %v\n",
		report.Problems, report.Segments, report.Blocks, report.Records, report.LostRecords, report.TailBytes, err)
	err = r.Scan(ScanOptions{OnDamage: func(d *DamageError) error {
		fmt.Fprintf(&out, "scan: %v\n", d)
		return nil
	}}, func(ordinal uint64, rec uapi.Record) error {
		fmt.Fprintf(&out, "%d %v pid %d %s %.8x\n", ordinal, rec.Type(), rec.PID(), rec.Path(), sha256.Sum256(rec))
		return nil
	})
	if !errors.Is(err, nil) {
		fmt.Fprintf(&out, "scan: %v\n", err)
	}
	return out.String()
}
