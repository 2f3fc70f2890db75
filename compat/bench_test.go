// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"testing"

	"vexj/uapi"
)

type discard struct{}

func (discard) Origin(Origin) error      { return nil }
func (discard) Append(uapi.Record) error { return nil }

// many is a SEMJ file of n times the events of the golden one, without index.
func many(tb testing.TB, n int) []byte {
	file := unsummed(golden(tb)["packed.semj"])
	end := le.Uint64(file[36:])
	clear(file[36:44])
	events := file[semjHeaderSize:end]
	return append(file[:semjHeaderSize:semjHeaderSize], bytes.Repeat(events, n)...)
}

// BenchmarkImport counts bytes of the legacy file.
func BenchmarkImport(b *testing.B) {
	for name, file := range map[string][]byte{"semj1": many(b, 100), "usjl1": golden(b)["long.usjl"]} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Import(bytes.NewReader(file), int64(len(file)), discard{}, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkExport counts bytes of the legacy file; remade is from the records
// of one.
func BenchmarkExport(b *testing.B) {
	legacy, _, err := importFile(many(b, 100), Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		format uapi.LegacyFormat
		tape   *tape
	}{
		{"remade", uapi.LegacySemj1, legacy},
		{"semj1", uapi.LegacySemj1, tapes(b)["golden"]},
		{"usjl1", uapi.LegacyUsjl1, tapes(b)["golden"]},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x := Export(c.format, nil)
				if err := c.tape.play(x); err != nil {
					b.Fatal(err)
				}
				report, err := x.Close()
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(report.Bytes)
			}
		})
	}
}
