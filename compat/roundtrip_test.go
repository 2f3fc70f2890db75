// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vexj/uapi"
)

// memory is a file.
type memory struct{ b []byte }

func (m *memory) ReadAt(b []byte, off int64) (int, error) {
	return bytes.NewReader(m.b).ReadAt(b, off)
}

func (m *memory) WriteAt(b []byte, off int64) (int, error) {
	if need := int(off) + len(b); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	return copy(m.b[off:], b), nil
}

// tape is a journal.
type tape struct {
	origins map[int]Origin // by the record before which they came
	records []uapi.Record
}

func (tp *tape) Origin(o Origin) error {
	if tp.origins == nil {
		tp.origins = map[int]Origin{}
	}
	tp.origins[len(tp.records)] = o
	return nil
}

func (tp *tape) Append(rec uapi.Record) error {
	if _, err := uapi.Check(rec); err != nil {
		return err
	}
	tp.records = append(tp.records, bytes.Clone(rec))
	return nil
}

func (tp *tape) play(sink Sink) error {
	for i := 0; i <= len(tp.records); i++ {
		if o, ok := tp.origins[i]; ok {
			if err := sink.Origin(o); err != nil {
				return err
			}
		}
		if i < len(tp.records) {
			if err := sink.Append(tp.records[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func importFile(file []byte, o Options) (*tape, *Report, error) {
	var tp tape
	report, err := Import(bytes.NewReader(file), int64(len(file)), &tp, o)
	return &tp, report, err
}

func exportTape(format uapi.LegacyFormat, tp *tape) ([]byte, *Report, error) {
	var m memory
	x := Export(format, &m)
	if err := tp.play(x); err != nil {
		return nil, nil, err
	}
	report, err := x.Close()
	return m.b, report, err
}

// TestLegacyComesBack: from the records of a legacy file the same file is made,
// byte for byte, and the records say what they said when they were frozen.
func TestLegacyComesBack(t *testing.T) {
	for name, file := range golden(t) {
		t.Run(name, func(t *testing.T) {
			tp, report, err := importFile(file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			back, made, err := exportTape(report.Format, tp)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(back, file) {
				t.Errorf("%d bytes came back as %d others", len(file), len(back))
			}
			if !made.Restored || made.Bytes != int64(len(file)) || made.Events != report.Events || report.Events+report.Parts != uint64(len(tp.records)) {
				t.Errorf("reports %+v and %+v of %d records", report, made, len(tp.records))
			}
			compareText(t, filepath.Join("testdata/records", name+".txt"), describeTape(tp, report))
		})
	}
}

func compareText(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the records say otherwise:\n%s", path, got)
	}
}

func describeTape(tp *tape, report *Report) string {
	var sb strings.Builder
	for _, rec := range tp.records {
		fmt.Fprintf(&sb, "%s id %d ktime %d cpu %d pid %d seq %d/%d/%d flags %s priority %v parent %d root %d mask %x relevance %d payload %d metadata %d links %d\n",
			rec.Type(), rec.EventID(), rec.Ktime(), rec.CPU(), rec.PID(), rec.Sequence(), rec.GlobalSequence(), rec.LocalSequence(),
			rec.Flags(), rec.Priority(), rec.Parent(), rec.RootCause(), rec.VisibilityMask(), rec.Relevance(),
			rec.PayloadSize(), rec.MetadataSize(), rec.LinkCount())
		for tag, v := range rec.Attrs() {
			if l, ok := rec.Legacy(); ok && tag == uapi.AttrLegacy {
				fmt.Fprintf(&sb, "\tlegacy %+v\n", l)
				continue
			}
			if len(v) > 100 {
				fmt.Fprintf(&sb, "\t%s %d bytes, sum %08x\n", tag, len(v), crcKernel(v))
			} else {
				fmt.Fprintf(&sb, "\t%s %q\n", tag, v)
			}
		}
	}
	for _, f := range report.Facts {
		fmt.Fprintf(&sb, "fact %s: %d, in %s\n", f.Name, f.Count, f.Where)
	}
	return sb.String()
}

// TestRecordsComeBack: from the legacy file that is made of records come the
// same records; the C program can read it, and finds in it what they say.
func TestRecordsComeBack(t *testing.T) {
	program := compileC(t)
	for _, format := range []uapi.LegacyFormat{uapi.LegacySemj1, uapi.LegacyUsjl1} {
		for name, tp := range tapes(t) {
			t.Run(fmt.Sprintf("%v/%s", format, name), func(t *testing.T) {
				file, report, err := exportTape(format, tp)
				if err != nil {
					t.Fatal(err)
				}
				if report.Events != uint64(len(tp.records)) || report.Restored {
					t.Errorf("report %+v of %d records", report, len(tp.records))
				}
				checkPrinted(t, format, tp, printed(t, program, file))
				back, again, err := importFile(file, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if !again.Restored {
					t.Error("it was not recognised")
				}
				compareTapes(t, back, tp)
			})
		}
	}
}

func compareTapes(t *testing.T, got, want *tape) {
	t.Helper()
	if len(got.records) != len(want.records) {
		t.Fatalf("%d records came back as %d", len(want.records), len(got.records))
	}
	for i, rec := range want.records {
		if !bytes.Equal(got.records[i], rec) {
			t.Errorf("record %d, %s, came back as another:\n% x\n% x", i, rec.Type(), got.records[i], []byte(rec))
		}
	}
	if fmt.Sprint(got.origins) != fmt.Sprint(want.origins) {
		t.Errorf("origins %v came back as %v", want.origins, got.origins)
	}
}

// checkPrinted compares what C found in the events with the records.
func checkPrinted(t *testing.T, format uapi.LegacyFormat, tp *tape, lines []string) {
	t.Helper()
	i := 0
	for _, line := range lines {
		if strings.Contains(line, " type 0x0544 ") {
			continue // a carrier
		}
		if i == len(tp.records) {
			t.Fatalf("C found more events: %s", line)
		}
		rec := tp.records[i]
		want := fmt.Sprintf("entry %d type 0x%04x timestamp ", rec.EventID(), uint32(rec.Type()))
		if format == uapi.LegacySemj1 {
			file, _ := rec.File()
			session, _ := rec.U64(uapi.AttrSession)
			want = fmt.Sprintf("event %d type 0x%04x ktime %d cpu %d pid %d flags 0x%x payload %d links %d inode %d session %d path ",
				rec.EventID(), uint32(rec.Type()), rec.Ktime(), rec.CPU(), rec.PID(), uint32(rec.Flags()), rec.PayloadSize(),
				min(rec.LinkCount(), maxLinks), file.Inode, session)
			if p := rec.Path(); len(p) > 0 && strings.Trim(string(p), "abcdefghijklmnopqrstuvwxyz/. ") == "" {
				want += `"` + string(p) + `" agent`
			}
		}
		if !strings.HasPrefix(line, want) {
			t.Errorf("record %d: C found\n%s, want\n%s", i, line, want)
		}
		i++
	}
	if i != len(tp.records) {
		t.Errorf("C found %d events of %d", i, len(tp.records))
	}
}

// tapes are records of all kinds: the golden ones of package uapi, and such as
// exceed a limit of version 1.
func tapes(t testing.TB) map[string]*tape {
	t.Helper()
	all := &tape{origins: map[int]Origin{0: {[16]byte{1, 2, 3}, 1700000000_000000000}, 3: {[16]byte{4}, -5}}}
	paths, err := filepath.Glob("../uapi/testdata/golden/*.bin")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d golden records: %v", len(paths), err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := uapi.Check(b)
		if err != nil {
			t.Fatal(err)
		}
		// A record of type legacy with the event id of somebody is an event.
		if rec.Version() == uapi.Version && rec.Type() != uapi.SysLegacy {
			all.records = append(all.records, rec)
		}
	}
	origin := map[int]Origin{0: {}}
	return map[string]*tape{
		"golden": all,
		"none":   {origins: origin},
		"limits": {origins: origin, records: beyond(t)},
	}
}

// beyond are records that version 1 has no room for, and such as pretend.
func beyond(t testing.TB) []uapi.Record {
	t.Helper()
	var all []uapi.Record
	add := func(build func(b *uapi.Builder)) {
		b := uapi.NewBuilder(nil)
		b.Begin(uapi.Header{EventID: uint64(uapi.ProducerTest)<<56 | uint64(len(all)+1), Type: uapi.FSWrite, Ktime: 1 << 40, Priority: uapi.PriorityNormal})
		build(b)
		rec, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	add(func(b *uapi.Builder) { b.Payload(big[:65000]) })
	add(func(b *uapi.Builder) { b.Metadata(big[:maxMetadata]) })
	add(func(b *uapi.Builder) { b.Metadata(big[:maxMetadata+1]) })
	add(func(b *uapi.Builder) { b.AddBytes(uapi.AttrArgv, big[:30000]) })
	add(func(b *uapi.Builder) { b.AddBytes(uapi.AttrPath2, big[:1990]); b.AddString(uapi.AttrPath, "/a") })
	add(func(b *uapi.Builder) { b.AddBytes(uapi.AttrPath2, big[:2028]) })
	add(func(b *uapi.Builder) { b.AddBytes(uapi.AttrPath, big[:4096]) })
	add(func(b *uapi.Builder) { b.AddBytes(uapi.AttrAgentID, big[:64]) })
	add(func(b *uapi.Builder) { b.AddBytes(uapi.AttrAgentID, big[:65]) })
	add(func(b *uapi.Builder) { b.AddString(uapi.AttrAgentID, "nul\x00inside") })
	add(func(b *uapi.Builder) { b.AddString(uapi.AttrAgentID, ""); b.AddU64(uapi.AttrSession, 0) })
	add(func(b *uapi.Builder) { b.AddU64(uapi.AttrSession, 5); b.AddU64(uapi.AttrTransaction, 6) })
	add(func(b *uapi.Builder) {
		b.AddU64(uapi.AttrTransaction, 6)
		b.AddString(uapi.AttrPath, "/x")
		b.Metadata([]byte("own"))
	})
	add(func(b *uapi.Builder) {
		b.AddBytes(300, []byte("unknown"))
		b.AddBytes(0xffff, nil)
		b.AddBytes(300, nil)
	})
	add(func(b *uapi.Builder) { b.Metadata(append(big[:16:16], envelopeMagic[:]...)) })
	add(func(b *uapi.Builder) { b.Metadata(appendEnvelope(nil, 0, nil)) })
	add(func(b *uapi.Builder) {
		for i := range 300 {
			b.AddLink(uapi.Link{Cause: uint64(i), Effect: 1})
		}
	})
	add(func(b *uapi.Builder) {
		b.AddLegacy(uapi.Legacy{Format: uapi.LegacySemj1, Part: uapi.PartEvent})
		b.AddBytes(uapi.AttrLegacyFix, []byte{1})
	})
	// Padding that is not zero: nobody's Check looks at it.
	add(func(b *uapi.Builder) { b.Payload([]byte("abc")); b.Metadata([]byte("m")) })
	last := all[len(all)-1]
	last[uapi.HeaderSize+3] = 0xee
	return all
}

// TestCrossing: records of one legacy format become a file of the other, and
// come back from there.
func TestCrossing(t *testing.T) {
	for name, file := range golden(t) {
		t.Run(name, func(t *testing.T) {
			tp, report, err := importFile(file, Options{WallOffset: 1})
			if err != nil {
				t.Fatal(err)
			}
			other := uapi.LegacySemj1 + uapi.LegacyUsjl1 - report.Format
			crossed, _, err := exportTape(other, tp)
			if err != nil {
				t.Fatal(err)
			}
			back, again, err := importFile(crossed, Options{})
			if err != nil || !again.Restored {
				t.Fatalf("%+v, %v", again, err)
			}
			compareTapes(t, back, tp)
			first, _, err := exportTape(report.Format, back)
			if err != nil || !bytes.Equal(first, file) {
				t.Errorf("back over the other format it is another file: %v", err)
			}
		})
	}
}

// TestChangedFile: a file that was made of records, and changed by one byte, is
// read as anybody's, and comes back with the change or is refused.
func TestChangedFile(t *testing.T) {
	tp := tapes(t)["golden"]
	tp.records = tp.records[:4]
	for _, format := range []uapi.LegacyFormat{uapi.LegacySemj1, uapi.LegacyUsjl1} {
		file, _, err := exportTape(format, tp)
		if err != nil {
			t.Fatal(err)
		}
		for off := 12; off < len(file); off += 97 {
			changed := bytes.Clone(file)
			changed[off] ^= 0x41
			back, report, err := importFile(changed, Options{Salvage: true})
			if err != nil {
				t.Fatalf("%v: byte %d: %v", format, off, err)
			}
			if report.Restored {
				t.Fatalf("%v: byte %d: the change was not noticed", format, off)
			}
			again, _, err := exportTape(format, back)
			if err != nil || !bytes.Equal(again, changed) {
				t.Fatalf("%v: byte %d: it did not come back: %v", format, off, err)
			}
		}
	}
}

var _ io.ReaderAt = (*memory)(nil)
