// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"vexj/internal/layout"
)

// randomize fills a struct with bytes that are not zero.
func randomize(v reflect.Value, rng *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if f.CanSet() {
				randomize(f, rng)
			} else {
				// Fields of this package that are not exported.
				randomize(reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem(), rng)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			randomize(v.Index(i), rng)
		}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		b := rng.Uint64() | 0x0101010101010101
		v.SetUint(b >> (64 - 8*v.Type().Size()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(rng.Uint64()>>2 | 0x0101010101010101))
	}
}

// TestTablesAreTheEncoders: a table has a field for each byte that an encoder
// writes, wherever that is; what it calls zero, nobody writes.
func TestTablesAreTheEncoders(t *testing.T) {
	encoders := []struct {
		name   string
		fields []layout.Field
		size   int
		encode func(rng *rand.Rand) []byte
	}{
		{"header", headerFields, HeaderSize, func(rng *rand.Rand) []byte {
			var h segmentHeader
			randomize(reflect.ValueOf(&h).Elem(), rng)
			return h.encode()
		}},
		{"block", blockFields, blkFixedSize, func(rng *rand.Rand) []byte {
			b := make([]byte, blkFixedSize+16)
			var z ZoneMap
			filter := make([]byte, 8)
			randomize(reflect.ValueOf(&z).Elem(), rng)
			z.filter = filter
			var before, digest Digest
			randomize(reflect.ValueOf(&before).Elem(), rng)
			randomize(reflect.ValueOf(&digest).Elem(), rng)
			encodeBlockHeader(b, &z, 0xff, 0x01010101, 0x02020202, digest)
			chainBlock(b, rng.Uint64()|0x0101010101010101, before)
			sealBlock(b, blkFixedSize+8)
			return b[:blkFixedSize]
		}},
		{"footer", footerFields, ftrHeadSize, func(rng *rand.Rand) []byte {
			return randomFooter(rng)[:ftrHeadSize]
		}},
		{"entry", entryFields, entSize, func(rng *rand.Rand) []byte {
			return randomFooter(rng)[ftrHeadSize:][:entSize]
		}},
		{"trailer", trailerFields, trailer, func(rng *rand.Rand) []byte {
			var chain Digest
			randomize(reflect.ValueOf(&chain).Elem(), rng)
			return appendTrailer(nil, int64(rng.Uint64()>>1), chain, rng.Uint64())
		}},
	}
	for _, e := range encoders {
		t.Run(e.name, func(t *testing.T) {
			checkTable(t, e.fields, e.size)
			// Of a few encodings, each field has bytes in one.
			seen := make([]byte, e.size)
			for seed := range uint64(20) {
				b := e.encode(rand.New(rand.NewPCG(1, seed)))
				if len(b) != e.size {
					t.Fatalf("%d bytes, the table has %d", len(b), e.size)
				}
				for i, c := range b {
					seen[i] |= c
				}
			}
			for _, f := range e.fields {
				empty := len(bytes.Trim(seen[f.Offset:f.Offset+f.Size], "\x00")) == 0
				// What is always zero now is there for what comes.
				if f.Form == layout.Zero && !empty {
					t.Errorf("bytes %d to %d are written, and no field says what they are: % x", f.Offset, f.Offset+f.Size, seen[f.Offset:f.Offset+f.Size])
				}
				if f.Form != layout.Zero && empty && f.Name != "version_minor" {
					t.Errorf("%s at %d: nothing writes it", f.Name, f.Offset)
				}
			}
		})
	}
}

func randomFooter(rng *rand.Rand) []byte {
	f := footer{entries: make([]entry, 1), digests: make([]Digest, 1)}
	randomize(reflect.ValueOf(&f.entries[0]).Elem(), rng)
	randomize(reflect.ValueOf(&f.digests[0]).Elem(), rng)
	randomize(reflect.ValueOf(&f.extremes).Elem(), rng)
	randomize(reflect.ValueOf(&f.sign).Elem(), rng)
	f.flags, f.records, f.raw = rng.Uint32(), rng.Uint64(), rng.Uint64()
	header := bytes.Repeat([]byte{1}, HeaderSize)
	return f.encode(header)
}

func checkTable(t *testing.T, fields []layout.Field, size int) {
	t.Helper()
	end := 0
	for _, f := range fields {
		if f.Offset != end || f.Size <= 0 {
			t.Errorf("%s: at %d, %d bytes, after a field that ends at %d", f.Name, f.Offset, f.Size, end)
		}
		end = f.Offset + f.Size
	}
	if end != size {
		t.Errorf("the fields end at %d of %d", end, size)
	}
}

// TestDescribeCoversFiles: the parts of each golden file, good or bad, are all of
// it, one behind the other; of the good ones nothing is a problem, of the others
// something is.
func TestDescribeCoversFiles(t *testing.T) {
	checkTable(t, indexTailFields, kixTail)
	checkTable(t, indexPageFields, dirSize)
	dirs, err := filepath.Glob("testdata/golden/*")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.usj[li]"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			files++
			t.Run(filepath.Base(dir)+"/"+filepath.Base(name), func(t *testing.T) {
				problems := describeFile(t, name)
				if strings.HasPrefix(filepath.Base(dir), "good") && problems > 0 {
					t.Errorf("%d problems in a good file", problems)
				}
			})
		}
	}
	if files < 10 {
		t.Errorf("%d files", files)
	}
}

func describeFile(t *testing.T, name string) (problems int) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := int64(0)
	err = Describe(bytes.NewReader(b), int64(len(b)), func(p layout.Part) error {
		if p.Offset != at || p.Size < 0 {
			return fmt.Errorf("%s is at %d, %d bytes; the part before it ends at %d", p.Name, p.Offset, p.Size, at)
		}
		at += p.Size
		if p.Problem != nil {
			problems++
		} else if p.Records != nil {
			if raw, err := p.Records(); err != nil || len(raw) == 0 {
				return fmt.Errorf("%s: %d bytes of records, %w", p.Name, len(raw), err)
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrNotJournal):
		return 1
	case err != nil:
		t.Error(err)
	case at != int64(len(b)):
		t.Errorf("the parts end at %d of %d", at, len(b))
	}
	return problems
}

func FuzzDescribe(f *testing.F) {
	names, err := filepath.Glob("testdata/golden/*/*.usj[li]")
	if err != nil || len(names) == 0 {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		at := int64(0)
		err := Describe(bytes.NewReader(b), int64(len(b)), func(p layout.Part) error {
			if p.Offset < at || p.Size < 0 || p.Offset+p.Size > int64(len(b)) && p.Problem == nil {
				return fmt.Errorf("%s is at %d, %d bytes; the part before it ends at %d", p.Name, p.Offset, p.Size, at)
			}
			at = p.Offset + p.Size
			if p.Records != nil {
				_, _ = p.Records()
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrNotJournal) && !gone(err) {
			t.Fatal(err)
		}
	})
}
