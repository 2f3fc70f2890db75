// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vexj/uapi"
)

// badFiles are made of the good ones, each with one promise broken.
func badFiles(t *testing.T) map[string][]byte {
	t.Helper()
	good := golden(t)
	semj, blocks := good["packed.semj"], good["blocks.semj"]
	usjl := good["long.usjl"][:3550] // without the large entry
	change := func(file []byte, off int, b ...byte) []byte {
		file = bytes.Clone(file)
		copy(file[off:], b)
		return file
	}
	const first = semjHeaderSize // event
	return map[string][]byte{
		"semj-empty":            semj[:0],
		"semj-magic-alone":      semj[:12],
		"semj-header-cut":       semj[:51],
		"semj-version":          change(semj, 4, 2),
		"semj-header-checksum":  change(semj, 12, 0xff),
		"semj-index-before":     change(unsummed(semj), 36, 10, 0, 0),
		"semj-index-behind":     change(unsummed(semj), 36, 0, 0, 0xff),
		"semj-event-cut":        change(semj, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)[:5000],
		"semj-event-version":    change(semj, first+evVersion, 3),
		"semj-context-size":     change(semj, first+evContext, 1),
		"semj-payload-size":     change(semj, first+evPayload, 1, 0, 1),
		"semj-metadata-size":    change(semj, first+evMetadata, 1, 8),
		"semj-links":            change(semj, first+evLinks, 1, 1),
		"semj-event-size":       change(semj, first+evSize, 1),
		"semj-event-checksum":   change(semj, first+200, 'x'),
		"semj-events-cut":       change(unsummed(semj), 36, 0, 0, 0, 0, 0, 0, 0, 0)[:20000],
		"semj-garbage-behind":   append(change(unsummed(semj)[:5464], 36, 0, 0, 0), "garbage"...),
		"semj-index-entry":      change(semj, 33180+36, 0xff),
		"semj-index-outside":    change(semj, 33180+36, 0, 0, 0, 0, 0, 0, 0, 0x80),
		"semj-index-of-another": change(semj, 33180, 0xff),
		"semj-index-cut":        semj[:len(semj)-10],
		"block-version":         change(blocks, first+4, 9),
		"block-compression":     change(blocks, first+24, 3),
		"block-size-huge":       change(blocks, first+16, 0, 0, 0, 0x40),
		"block-stored-huge":     change(blocks, first+28, 0, 0, 0, 0x40),
		"block-unpacked-huge":   change(blocks, 10994+32, 0, 0, 0, 0x40),
		"block-unpacked-more":   change(blocks, 10994+32, 0xff, 0xff),
		"block-unpacked-less":   change(blocks, 10994+32, 1, 0),
		"block-events":          change(blocks, first+20, 3),
		"block-checksum":        change(blocks, first+blockChecksum, 1),
		"block-zlib":            change(blocks, 11098, 0x55),
		"block-zlib-middle":     change(blocks, 11098+900, 0x55),
		"block-lz4":             change(blocks, 27470, 0xff, 0xff, 0xff),
		"block-event-inside":    change(blocks, first+blockHeadSize+evSize, 1),
		"block-event-checksum":  change(blocks, first+blockHeadSize+200, 'x'),
		"block-cut":             change(blocks, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)[:8000],
		"block-header-cut":      change(unsummed(blocks), 36, 0, 0, 0)[:first+50],
		"usjl-header-cut":       usjl[:100],
		"usjl-header-checksum":  change(usjl, headerChecksum, 1),
		"usjl-entry-cut":        usjl[:150],
		"usjl-entry-size":       change(usjl, usjlHeaderSize, 1),
		"usjl-data-len":         change(usjl, usjlHeaderSize+28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"usjl-data-len-less":    change(usjl, usjlHeaderSize+28, 1, 0),
		"usjl-checksum":         change(usjl, usjlHeaderSize+entryHead+3, 0xee),
		"usjl-garbage-behind":   append(bytes.Clone(usjl), "garbage"...),
		"usjl-json":             resummed(change(usjl, 540+entryHead, '!'), 540),
		"usjl-lz4-frame":        resummed(change(usjl, 1956+entryHead+11, 0x0f, 0, 0, 0xff), 1956),
		"usjl-lz4-header":       resummed(change(usjl, 1956+entryHead+4, 0), 1956),
		"text":                  []byte("Some text that is none of the formats.\n"),
		"usjl-version-2":        change(usjl, 4, 2),
	}
}

// unsummed has no header checksum.
func unsummed(file []byte) []byte {
	file = bytes.Clone(file)
	clear(file[headerChecksum : headerChecksum+4])
	return file
}

// resummed has the right checksum for the USJL entry at an offset.
func resummed(file []byte, off int) []byte {
	n := int(le.Uint64(file[off+28:]))
	le.PutUint32(file[off+entryHead+n:], sumEntry(0, file[off+entryHead:][:n]))
	return file
}

// TestBadFiles: each frozen bad file is refused with the words that are frozen
// with it, and if damage is kept comes back byte for byte.
func TestBadFiles(t *testing.T) {
	const dir = "testdata/bad"
	made := badFiles(t)
	if *update {
		for name, file := range made {
			_, _, err := importFile(file, Options{})
			if err == nil {
				t.Fatalf("%s: not refused", name)
			}
			write(t, filepath.Join(dir, name+".bin"), file)
			write(t, filepath.Join(dir, name+".txt"), []byte(refusal(err)))
		}
	}
	paths, err := filepath.Glob(dir + "/*.bin")
	if err != nil || len(paths) < len(made) {
		t.Fatalf("%d bad files, %d are made: %v", len(paths), len(made), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".bin")
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(path, ".bin") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = importFile(file, Options{})
			if err == nil || refusal(err) != string(want) {
				t.Errorf("refused with\n%swant\n%s", refusal(err), want)
			}
			if errors.Is(err, ErrFormat) {
				return
			}
			salvaged(t, file)
		})
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if _, err := os.Stat(filepath.Join(dir, name+".bin")); err != nil {
			t.Error(err)
		}
	}
}

func refusal(err error) string { return fmt.Sprintf("%v\ncode %d\n", err, CodeOf(err)) }

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// salvaged checks that what is damaged is kept.
func salvaged(t *testing.T, file []byte) {
	t.Helper()
	tp, report, err := importFile(file, Options{Salvage: true})
	var bad *FormatError
	if errors.As(err, &bad) && bad.Part == "header" && len(file) < usjlHeaderSize {
		return // nothing to go on from
	}
	if err != nil || report.Damaged == 0 {
		t.Fatalf("%d damages kept, %v", report.Damaged, err)
	}
	back, made, err := exportTape(report.Format, tp)
	if err != nil || !bytes.Equal(back, file) || !made.Restored {
		t.Errorf("it did not come back: %v", err)
	}
	describe(t, file)
}

// TestSalvageKeepsTheRest: damage costs what it is in, and no event besides.
func TestSalvageKeepsTheRest(t *testing.T) {
	good := golden(t)
	for _, c := range []struct {
		file   string
		off    int
		events uint64
	}{
		{"packed.semj", semjHeaderSize + evVersion, 5}, // the first event is no event
		{"packed.semj", semjHeaderSize + 300, 6},       // its checksum is wrong
		{"packed.semj", 5464 + evSize, 5},
		{"blocks.semj", semjHeaderSize + 4, 12}, // its events stand there as they are
		{"blocks.semj", 11098, 9},
		{"long.usjl", usjlHeaderSize, 8},
		{"long.usjl", usjlHeaderSize + 28, 8},
		{"long.usjl", usjlHeaderSize + entryHead, 9},
	} {
		file := bytes.Clone(good[c.file])
		file[c.off] ^= 0xff
		tp, report, err := importFile(file, Options{Salvage: true})
		if err != nil {
			t.Errorf("%s, byte %d: %v", c.file, c.off, err)
			continue
		}
		if report.Events != c.events || report.Damaged == 0 {
			t.Errorf("%s, byte %d: %d events and %d damages, want %d events", c.file, c.off, report.Events, report.Damaged, c.events)
		}
		back, _, err := exportTape(report.Format, tp)
		if err != nil || !bytes.Equal(back, file) {
			t.Errorf("%s, byte %d: it did not come back: %v", c.file, c.off, err)
		}
	}
}

// TestIncomplete: of records from which one was removed, changed or moved no
// file is made that would pass for the one that they came from.
func TestIncomplete(t *testing.T) {
	for name, file := range golden(t) {
		whole, report, err := importFile(file, Options{})
		if err != nil {
			t.Fatal(err)
		}
		refused := func(what string, records []uapi.Record) {
			t.Helper()
			back, made, err := exportTape(report.Format, &tape{records: records})
			if err == nil && made.Restored && bytes.Equal(back, file) {
				return // what was changed is not in the file
			}
			if !errors.Is(err, ErrIncomplete) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		n := len(whole.records)
		for i := 1; i < n; i++ {
			refused(fmt.Sprintf("without record %d", i), slices.Delete(slices.Clone(whole.records), i, i+1))
			if i+1 < n {
				moved := slices.Clone(whole.records)
				moved[i], moved[i+1] = moved[i+1], moved[i]
				refused(fmt.Sprintf("records %d and %d exchanged", i, i+1), moved)
			}
			changed := slices.Clone(whole.records)
			changed[i] = bytes.Clone(changed[i])
			changed[i][0] ^= 1 // the event id
			refused(fmt.Sprintf("with record %d changed", i), changed)
		}
		refused("twice", append(slices.Clone(whole.records), whole.records...))
	}
}

// TestChecksums: the values are those that the specification gives.
func TestChecksums(t *testing.T) {
	if got := crcKernel([]byte("123456789")); got != 0x2DFD2D88 {
		t.Errorf("crc32(0, \"123456789\") is 0x%08x", got)
	}
	if got := crcKernelMore(crcKernel([]byte("1234")), []byte("56789")); got != 0x2DFD2D88 {
		t.Errorf("in two parts it is 0x%08x", got)
	}
	data := make([]byte, 1000)
	slow := uint32(0)
	for i := range data {
		data[i] = byte(i * i)
		if got := sumEntry(0, data[:i]); got != slow {
			t.Fatalf("of %d bytes: 0x%08x, want 0x%08x", i, got, slow)
		}
		slow = slow*31 + uint32(data[i])
	}
}

// TestCodes: errors of the system have their legacy numbers.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, 0},
		{errors.New("x"), 0},
		{fmt.Errorf("x: %w", &FormatError{Code: CodeIndex}), CodeIndex},
		{&os.PathError{Err: os.ErrPermission}, CodePermission},
		{fmt.Errorf("x: %w", os.ErrDeadlineExceeded), 0},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
	for code := CodeInvalidEvent; code >= CodeTimeout; code-- {
		if codeNames[code] == "" || !strings.Contains(code.Error(), fmt.Sprint(int(code))) {
			t.Errorf("%d: %v", int(code), code)
		}
	}
}
