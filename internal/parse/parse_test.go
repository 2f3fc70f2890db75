// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vexj/internal/render"
	"vexj/uapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// again makes the record of an object, and the object of that.
func again(t testing.TB, p *Parser, object []byte) (uapi.Record, []byte) {
	t.Helper()
	rec, wall, err := p.Record(object)
	if err != nil {
		t.Fatalf("%s\n%v", object, err)
	}
	var head struct{ Ordinal uint64 }
	if err := json.Unmarshal(object, &head); err != nil {
		t.Fatal(err)
	}
	return rec, render.NewObject().Append(nil, render.Entry{Ordinal: head.Ordinal, Wall: wall, Rec: rec})
}

// TestObjectsOfRender: what render's samples of all kinds of records print comes back.
func TestObjectsOfRender(t *testing.T) {
	golden, err := os.ReadFile("../render/testdata/object.golden")
	if err != nil {
		t.Fatal(err)
	}
	p := New()
	n := 0
	for line := range bytes.Lines(golden) {
		n++
		line = bytes.TrimSpace(line)
		if _, got := again(t, p, line); !bytes.Equal(got, line) {
			t.Errorf("got  %s\nwant %s", got, line)
		}
	}
	if n < 40 {
		t.Errorf("%d objects only", n)
	}
}

// inexact are golden records that say what the package documentation calls left out.
var inexact = map[string]string{
	"fs-create":      "O_LARGEFILE",
	"fs-open-failed": "O_LARGEFILE",
	// Of this run, but not of those that the mirror tells.
	"sys-producer-start": "what ends the last line",
}

// TestRecordsOfTheABI: the records of the header's own samples come back, byte for byte.
func TestRecordsOfTheABI(t *testing.T) {
	names, err := filepath.Glob("../../uapi/testdata/golden/*.bin")
	if err != nil || len(names) < 10 {
		t.Fatalf("%v %v", names, err)
	}
	p, exact := New(), 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := uapi.Check(b)
		if err != nil {
			t.Fatal(err)
		}
		object := render.NewObject().Append(nil, render.Entry{Ordinal: 7, Wall: 1, Rec: rec})
		back, got := again(t, p, object)
		if !bytes.Equal(got, object) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, object)
		}
		if bytes.Equal(back, rec) {
			exact++
		} else if inexact[strings.TrimSuffix(filepath.Base(name), ".bin")] == "" {
			t.Errorf("%s: the record is another one:\ngot  %x\nwant %x", name, back, rec)
		}
	}
	t.Logf("%d of %d byte for byte", exact, len(names))
}

const good = `{"id":"0x0800000000000001","time":"2026-03-01T12:00:00.000000001Z","ktime":5,"type":"write"`

// TestBad: each line of a frozen file is refused with the message below it.
func TestBad(t *testing.T) {
	const name = "testdata/bad.golden"
	golden, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p := New()
	var out strings.Builder
	n := 0
	for line := range strings.Lines(string(golden)) {
		line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "< ")
		if !ok {
			continue
		}
		n++
		_, _, err := p.Record([]byte(strings.Replace(line, "GOOD", good, 1)))
		if !errors.Is(err, ErrObject) {
			t.Errorf("%s is taken: %v", line, err)
		}
		fmt.Fprintf(&out, "< %s\n> %v\n", line, err)
	}
	if *update {
		if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != string(golden) {
		t.Errorf("messages differ; -update writes\n%s", out.String())
	}
	if n < 50 {
		t.Errorf("%d lines only", n)
	}
}

// FuzzRecord: whatever is read, nothing panics, and what is taken is a sound record that
// comes back as itself.
func FuzzRecord(f *testing.F) {
	for _, name := range []string{"../render/testdata/object.golden", "testdata/bad.golden"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f.Add([]byte(strings.Replace(strings.TrimPrefix(line, "< "), "GOOD", good, 1)))
		}
	}
	p, q := New(), New()
	f.Fuzz(func(t *testing.T, line []byte) {
		rec, wall, err := p.Record(line)
		if err != nil {
			return
		}
		if _, err := uapi.Check(rec); err != nil {
			t.Fatal(err)
		}
		object := render.NewObject().Append(nil, render.Entry{Wall: wall, Rec: rec})
		back, _, err := q.Record(object)
		if err != nil {
			t.Fatalf("%s\n%v", object, err)
		}
		if next := render.NewObject().Append(nil, render.Entry{Wall: wall, Rec: back}); !bytes.Equal(next, object) {
			t.Fatalf("got  %s\nwant %s", next, object)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	golden, err := os.ReadFile("../render/testdata/object.golden")
	if err != nil {
		b.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(golden), []byte("\n"))
	p := New()
	b.SetBytes(int64(len(golden) / len(lines)))
	for n := 0; b.Loop(); n++ {
		if _, _, err := p.Record(lines[n%len(lines)]); err != nil {
			b.Fatal(err)
		}
	}
}
