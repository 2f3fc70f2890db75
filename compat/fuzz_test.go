// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vexj/uapi"
)

// seeds are the golden files, cut so that mutations hit what matters, and the
// bad ones.
func seeds(f *testing.F) {
	f.Helper()
	for _, file := range golden(f) {
		f.Add(file[:min(len(file), 12000)])
	}
	paths, err := filepath.Glob("testdata/bad/*.bin")
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzImport: whatever a file holds, it is refused with an offset inside of it;
// or, when damage is to be kept, it comes back byte for byte.
func FuzzImport(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _, err := importFile(file, Options{})
		if errors.Is(err, ErrFormat) {
			return
		}
		var bad *FormatError
		if err != nil && (!errors.As(err, &bad) || bad.Offset < 0 || bad.Offset > int64(len(file)) || CodeOf(err) == 0) {
			t.Fatalf("refused without saying where: %v", err)
		}
		tp, report, salvageErr := importFile(file, Options{Salvage: true})
		if salvageErr != nil {
			// A header that is cut cannot be salvaged.
			if !errors.As(salvageErr, &bad) || bad.Part != "header" {
				t.Fatalf("not salvaged: %v", salvageErr)
			}
			return
		}
		if (err == nil) != (report.Damaged == 0) {
			t.Fatalf("%d damages were kept of a file that is refused with %v", report.Damaged, err)
		}
		if report.Restored {
			return // and so not a copy: see FuzzExport
		}
		back, made, err := exportTape(report.Format, tp)
		if err != nil || !bytes.Equal(back, file) || !made.Restored {
			t.Fatalf("it came back as another file: %v", err)
		}
	})
}

// FuzzExport: whatever a record holds, it comes back from both formats.
func FuzzExport(f *testing.F) {
	for _, tp := range tapes(f) {
		for _, rec := range tp.records {
			f.Add([]byte(rec))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := uapi.Check(b)
		if err != nil || rec.Version() != uapi.Version {
			return
		}
		if l, ok := rec.Legacy(); ok && l.Part == uapi.PartHeader || rec.Type() == uapi.SysLegacy && rec.EventID() == 0 {
			return // of an imported file
		}
		want := &tape{records: []uapi.Record{rec, rec}, origins: map[int]Origin{0: {WallOffset: 7}}}
		for _, format := range []uapi.LegacyFormat{uapi.LegacySemj1, uapi.LegacyUsjl1} {
			file, _, err := exportTape(format, want)
			if err != nil {
				t.Fatal(err)
			}
			back, report, err := importFile(file, Options{})
			if err != nil || !report.Restored {
				t.Fatalf("%v: %+v, %v", format, report, err)
			}
			compareTapes(t, back, want)
		}
	})
}

// FuzzRemake: records that pretend to be of a legacy file make that file or an
// error, and never more than what they hold.
func FuzzRemake(f *testing.F) {
	for _, file := range golden(f) {
		tp, _, err := importFile(file, Options{})
		if err != nil {
			f.Fatal(err)
		}
		var all []byte
		for _, rec := range tp.records {
			if len(all) < 20000 {
				all = append(all, rec...)
			}
		}
		f.Add(all)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var tp tape
		for len(b) > 0 {
			rec, err := uapi.Check(b)
			if err != nil {
				break
			}
			if l, ok := rec.Legacy(); ok && l.Part == uapi.PartZeroes && l.Size > 1<<20 {
				return // that is allowed to make a large file
			}
			if l, ok := rec.Legacy(); ok && l.Part == uapi.PartBlock && l.Size > 1<<20 {
				return
			}
			tp.records = append(tp.records, rec)
			b = b[len(rec):]
		}
		for _, format := range []uapi.LegacyFormat{uapi.LegacySemj1, uapi.LegacyUsjl1} {
			_, _, err := exportTape(format, &tp)
			if err != nil && !errors.Is(err, ErrIncomplete) && !strings.Contains(err.Error(), "of version 1") {
				t.Fatal(err)
			}
		}
	})
}
